// SPDX-License-Identifier: Apache-2.0
#include "tools/viewer.hpp"

#include <utility>

namespace ringside::tools {

expected<std::string, RequestError> presence_topic_for(Client& client, const std::string& topic) {
  const auto agent_id = agent_of_topic(topic);
  if (!agent_id) return topic;
  auto agents = client.list_agents();
  if (!agents) return unexpected<RequestError>(std::move(agents.error()));
  for (const AgentInfo& agent : *agents) {
    if (agent.agent_id == *agent_id && !agent.presence_topic.empty()) return agent.presence_topic;
  }
  return "conversation:" + std::string(*agent_id);
}

Viewer::Viewer(Client& client, std::string topic, std::string key)
    : client_(client), topic_(std::move(topic)), key_(std::move(key)) {}

expected<void, RequestError> Viewer::enter() {
  auto presence_topic = presence_topic_for(client_, topic_);
  if (!presence_topic) return unexpected<RequestError>(std::move(presence_topic.error()));
  if (tracking_ && tracking_->topic() == *presence_topic) return {};
  // The new place first: between the two this viewer is never absent.
  auto tracking = client_.track(*presence_topic, key_, {{"via", "ringside tail"}});
  if (!tracking) return unexpected<RequestError>(std::move(tracking.error()));
  tracking_ = std::move(*tracking);
  return {};
}

}  // namespace ringside::tools
