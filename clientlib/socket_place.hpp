// SPDX-License-Identifier: Apache-2.0
//
// Where agentd's socket is, and whether the place can be trusted.
//
// Trust: whoever can put a name into the socket's folder can stand there instead of agentd. The folder must belong to
//        root or to this user; or to a third user, if the folder above is root's: then root gave it to that user, and
//        the process that answers must be that user's.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include <ringside/client.hpp>

namespace ringside::detail {

struct SocketPlace {
  std::string path;
  /// Set where the folder belongs to a third user: who must answer.
  std::optional<uid_t> daemon;
};

/// Looks where `ConnectOptions::socket` says, in its order, and checks the folder of what it found.
expected<SocketPlace, ConnectError> find_socket(const ConnectOptions& options);

}  // namespace ringside::detail
