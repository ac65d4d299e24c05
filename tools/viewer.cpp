// SPDX-License-Identifier: Apache-2.0
#include "tools/viewer.hpp"

#include <utility>

namespace ringside::tools {

expected<std::string, RequestError> presence_topic_for(Client& client, const std::string& topic) {
  const auto agent_id = agent_of_topic(topic);
  if (!agent_id) return topic;
  auto agent = client.find(*agent_id);
  if (agent && !agent->presence_topic.empty()) return std::move(agent->presence_topic);
  const bool runs_not = !agent && (agent.error().fault == RequestFault::no_such_agent ||
                                   agent.error().fault == RequestFault::not_running);
  if (!agent && !runs_not) return unexpected<RequestError>(std::move(agent.error()));
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
