// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <ringside/client.hpp>

namespace ringside::tools {

/// Where a viewer of `topic` is counted. For an agent: its presence topic if it runs and has one, else
/// `conversation:<agent>`. For any other topic: that topic.
expected<std::string, RequestError> presence_topic_for(Client& client, const std::string& topic);

/// `tail --track KEY`: whoever follows a topic is a viewer of it for as long.
class Viewer {
 public:
  Viewer(Client& client, std::string topic, std::string key);

  /// Enters, or moves to where the agent's new life counts its viewers.
  expected<void, RequestError> enter();

 private:
  Client& client_;
  std::string topic_;
  std::string key_;
  std::optional<Tracking> tracking_;
};

}  // namespace ringside::tools
