// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "agentd/attachment.hpp"
#include "agentd/client_id.hpp"
#include "agentd/client_process.hpp"
#include "agentd/heartbeat_judge.hpp"
#include "agentd/session.hpp"

namespace ringside::agentd {

/// What the daemon knows of one connected client.
struct Client {
  std::shared_ptr<Session> session;
  std::unique_ptr<ClientProcess> process;
  bool surplus = false;                    ///< beyond what its user may have: its greeting is refused
  std::optional<ClientId> id;              ///< once it has greeted
  std::string name;                        ///< as it calls itself: for the log only
  std::shared_ptr<Attachment> attachment;  ///< once it has attached
  std::size_t presences = 0;
  Heartbeat heartbeat;                                    ///< while it has presences
  std::optional<boost::asio::steady_timer> greeting_due;  ///< until it has greeted
};

}  // namespace ringside::agentd
