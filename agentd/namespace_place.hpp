// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

#include "agentd/expected.hpp"
#include "agentd/start_failure.hpp"

namespace ringside::agentd {

/// What decides where a namespace lives. Gathered once, so that the decision itself is a function.
struct PlaceQuestion {
  std::string namespace_name = "default";
  std::optional<std::filesystem::path> socket;         ///< `--socket`, or `socket` of the configuration
  std::optional<std::filesystem::path> passed_socket;  ///< where a socket that we were started with is bound
  std::optional<std::filesystem::path> runtime_directory;  ///< $RUNTIME_DIRECTORY
  std::optional<std::filesystem::path> xdg_runtime_dir;    ///< $XDG_RUNTIME_DIR
};

/// Where the control socket and the lock of a namespace are.
struct NamespacePlace {
  std::filesystem::path socket;
  std::filesystem::path lock;
  mode_t socket_mode = 0600;
  bool own_folder = false;  ///< the folder is ours to make, with mode 0700
};

/// A passed socket, else the one that was asked for, else in $RUNTIME_DIRECTORY, else below $XDG_RUNTIME_DIR; else it
/// is refused, saying what to do.
[[nodiscard]] expected<NamespacePlace, StartFailure> decide_place(const PlaceQuestion& question);

/// The question as this process's environment asks it. Does not look for passed sockets.
[[nodiscard]] PlaceQuestion ask_environment(std::string namespace_name,
                                            std::optional<std::filesystem::path> socket);

/// Makes the folder where it is ours to make. Refuses a folder in which others could replace the socket: it belongs to
/// us or to root, and others may not write there (or it is sticky).
[[nodiscard]] expected<void, StartFailure> prepare_folder(const NamespacePlace& place);

}  // namespace ringside::agentd
