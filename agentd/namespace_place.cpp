// SPDX-License-Identifier: Apache-2.0
#include "agentd/namespace_place.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include <fmt/format.h>

namespace ringside::agentd {

namespace {

constexpr std::size_t socket_path_size_max = sizeof(sockaddr_un::sun_path) - 1;

std::optional<std::filesystem::path> environment_path(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::filesystem::path(value);
}

}  // namespace

expected<NamespacePlace, StartFailure> decide_place(const PlaceQuestion& question) {
  NamespacePlace place;
  if (question.passed_socket || question.socket) {
    place.socket =
        question.passed_socket ? *question.passed_socket : std::filesystem::absolute(*question.socket);
    place.lock = question.passed_socket && question.runtime_directory
                     ? *question.runtime_directory / "lock"
                     : std::filesystem::path(place.socket.string() + ".lock");
  } else if (question.runtime_directory) {
    // systemd made this folder, and its mode says who may come to the socket: whoever may, may use it.
    place.socket = *question.runtime_directory / "control.sock";
    place.lock = *question.runtime_directory / "lock";
    place.socket_mode = 0660;
  } else if (question.xdg_runtime_dir) {
    const std::filesystem::path folder = *question.xdg_runtime_dir / "ringside" / question.namespace_name;
    place.socket = folder / "control.sock";
    place.lock = folder / "lock";
    place.own_folder = true;
  } else {
    return start_failure(
        EX_CONFIG,
        "no place for the control socket: neither $RUNTIME_DIRECTORY nor $XDG_RUNTIME_DIR is set; "
        "set one of them, or name a socket with --socket");
  }
  if (place.socket.string().size() > socket_path_size_max) {
    return start_failure(
        EX_CONFIG, fmt::format("{}: a socket's path has at most {} bytes, this one has {}",
                               place.socket.string(), socket_path_size_max, place.socket.string().size()));
  }
  return place;
}

PlaceQuestion ask_environment(std::string namespace_name, std::optional<std::filesystem::path> socket) {
  PlaceQuestion question;
  question.namespace_name = std::move(namespace_name);
  question.socket = std::move(socket);
  question.runtime_directory = environment_path("RUNTIME_DIRECTORY");
  if (question.runtime_directory) {
    // Where a unit has several, they are divided by colons; ours is the first.
    const std::string all = question.runtime_directory->string();
    question.runtime_directory = all.substr(0, all.find(':'));
  }
  question.xdg_runtime_dir = environment_path("XDG_RUNTIME_DIR");
  return question;
}

expected<void, StartFailure> prepare_folder(const NamespacePlace& place) {
  const std::filesystem::path folder = place.socket.parent_path();
  if (place.own_folder) {
    for (const std::filesystem::path& step : {folder.parent_path(), folder}) {
      if (::mkdir(step.c_str(), 0700) == 0) {
        // Whatever the umask: nobody else comes here, and we do.
        if (::chmod(step.c_str(), 0700) == 0) continue;
      } else if (errno == EEXIST) {
        continue;
      }
      return start_failure(EX_CANTCREAT,
                           fmt::format("{}: cannot be made: {}", step.string(), std::strerror(errno)));
    }
  }
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) {
    return start_failure(EX_CANTCREAT, fmt::format("{}: the folder of the control socket: {}",
                                                   folder.string(), std::strerror(errno)));
  }
  if (!S_ISDIR(found.st_mode)) {
    return start_failure(
        EX_CANTCREAT, fmt::format("{}: the folder of the control socket is not a folder", folder.string()));
  }
  const bool others_write = (found.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (found.st_mode & S_ISVTX) == 0;
  if ((found.st_uid != ::geteuid() && found.st_uid != 0) || others_write) {
    return start_failure(
        EX_NOPERM,
        fmt::format(
            "{}: others could replace a socket here (owner {}, mode {:04o}); use a folder that belongs "
            "to you and that only you may write",
            folder.string(), found.st_uid, found.st_mode & 07777U));
  }
  return {};
}

}  // namespace ringside::agentd
