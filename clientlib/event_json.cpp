// SPDX-License-Identifier: Apache-2.0
#include "schema/event_json.hpp"

#include <utility>

#include <ringside/event_json.hpp>

#include "clientlib/agent_view_state.hpp"

namespace ringside {

class EventJson::Lines : public schema::EventJson {};

EventJson::EventJson() : lines_(std::make_unique<Lines>()) {}
EventJson::EventJson(EventJson&&) noexcept = default;
EventJson& EventJson::operator=(EventJson&&) noexcept = default;
EventJson::~EventJson() = default;

void EventJson::print(std::string& out, const Event& event) {
  lines_->print_line(out, event.sequence(), event.time_ns(), event.topic(), event.get());
}

void EventJson::print(std::string& out, const Gap& gap) {
  lines_->print_gap(out, gap.first, gap.count);
}

void EventJson::print(std::string& out, const AgentView& view, std::string_view topic) {
  const schema::EventBuffer snapshot = view.state_->fold().snapshot();
  lines_->print_line(out, view.sequence(), view.time_ns(), topic, snapshot.event());
}

expected<std::vector<std::byte>, JsonError> EventJson::parse(std::string_view line) {
  auto read = lines_->parse_line(line);
  if (!read) return unexpected<JsonError>(JsonError{std::move(read.error().message), read.error().column});
  const std::span<const std::byte> bytes = read->event.bytes();
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace ringside
