// SPDX-License-Identifier: Apache-2.0
#include "clientlib/socket_place.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace ringside::detail {
namespace {

namespace fs = std::filesystem;

unexpected<ConnectError> place_failure(ConnectFault fault, int error_number, std::string message) {
  return unexpected(ConnectError{fault, error_number, std::move(message)});
}

bool valid_namespace(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '.' && std::ranges::all_of(name, allowed);
}

std::string from_environment(const char* name) {
  const char* value = ::secure_getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// 0 if a socket is there, else the errno of the look, ENOTSOCK for something else.
int look_for_socket(const std::string& path) noexcept {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return errno;
  return S_ISSOCK(found.st_mode) ? 0 : ENOTSOCK;
}

unexpected<ConnectError> no_socket(int error, const std::string& where) {
  switch (error) {
    case EACCES:
    case EPERM:
      return place_failure(ConnectFault::not_allowed, error,
                           where + ": this user may not look there; agentd's administrator decides who may");
    case ENOTSOCK:
      return place_failure(ConnectFault::no_socket, error, where + ": not a socket");
    default:
      return place_failure(
          ConnectFault::no_socket, error,
          "no agentd: no socket at " + where + "; start agentd, or set RINGSIDE_SOCKET to its socket");
  }
}

expected<std::string, ConnectError> choose_path(const ConnectOptions& options) {
  if (options.socket.find('\0') != std::string::npos)
    return place_failure(ConnectFault::bad_options, 0, "the socket's path contains a NUL byte");
  if (!options.namespace_name.empty() && !valid_namespace(options.namespace_name)) {
    return place_failure(ConnectFault::bad_options, 0,
                         "bad namespace: 1 to 64 letters, digits, '.', '_' and '-', and no '.' in front");
  }
  const auto only = [](std::string path) -> expected<std::string, ConnectError> {
    if (const int error = look_for_socket(path); error != 0) return no_socket(error, path);
    return path;
  };
  if (!options.socket.empty()) return only(options.socket);
  if (options.namespace_name.empty()) {
    if (std::string named = from_environment("RINGSIDE_SOCKET"); !named.empty())
      return only(std::move(named));
  }
  const std::string place =
      "ringside/" + (options.namespace_name.empty() ? "default" : options.namespace_name) + "/control.sock";
  std::string looked;
  if (const std::string runtime = from_environment("XDG_RUNTIME_DIR"); runtime.starts_with('/')) {
    std::string path = (fs::path(runtime) / place).string();
    if (look_for_socket(path) == 0) return path;
    looked = path + " or ";
  }
  std::string path = "/run/" + place;
  if (const int error = look_for_socket(path); error != 0) return no_socket(error, looked + path);
  return path;
}

unexpected<ConnectError> untrusted(const fs::path& folder, const std::string& why) {
  return place_failure(ConnectFault::untrusted, 0,
                       folder.string() + ": " + why + "; a socket there may be anybody's, so it is not used");
}

expected<SocketPlace, ConnectError> check_folder(std::string path) {
  std::error_code error;
  // Links are followed first: the folders that count are those that the connection will really go through.
  fs::path folder = fs::canonical(path, error).parent_path();
  if (error) return no_socket(error.value(), path);
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) return no_socket(errno, path);
  if ((found.st_mode & S_IWOTH) != 0) return untrusted(folder, "everybody may write to this folder");
  if ((found.st_mode & S_IWGRP) != 0) return untrusted(folder, "its whole group may write to this folder");
  const uid_t owner = found.st_uid;
  if (owner == 0 || owner == ::geteuid()) return SocketPlace{std::move(path), std::nullopt};

  fs::path above = folder;
  while (found.st_uid == owner) {
    above = above.parent_path();
    if (::stat(above.c_str(), &found) != 0 || above == above.root_path()) break;
  }
  if (found.st_uid != 0 || (found.st_mode & (S_IWOTH | S_IWGRP)) != 0) {
    return untrusted(folder,
                     "this folder belongs to user " + std::to_string(owner) + ", not to root and not to you");
  }
  return SocketPlace{std::move(path), owner};
}

}  // namespace

expected<SocketPlace, ConnectError> find_socket(const ConnectOptions& options) {
  return choose_path(options).and_then(check_folder);
}

}  // namespace ringside::detail
