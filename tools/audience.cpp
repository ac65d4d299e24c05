// SPDX-License-Identifier: Apache-2.0
#include "tools/audience.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "tools/duration_text.hpp"

namespace ringside::tools {

Audience::Audience(Client& client, std::string agent, LiveText& text)
    : client_(client), agent_(std::move(agent)), text_(text) {}

void Audience::life_changed() {
  topic_.clear();
  viewers_.reset();
  ends_at_.reset();
  stale_ = true;
}

void Audience::saw(const Event& event) noexcept {
  if (event.is_snapshot()) stale_ = true;
  const auto* change = event.as<events::StatusChanged>();
  if (change == nullptr) return;
  ends_at_.reset();
  if (change->status() == events::AgentStatus::idle) stale_ = true;
}

void Audience::show_news(std::string& out, std::uint64_t next_sequence) {
  if (viewers_) {
    for (const Event& event : *viewers_) {
      text_.event(out, event.get());
      stale_ = true;
    }
  }
  if (stale_) look(out, next_sequence);
  std::string countdown;
  if (ends_at_) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(time_until(*ends_at_));
    countdown = fmt::format("nobody watches: ends in {}", span_text(left));
  }
  text_.screen().passing_note(out, countdown);
}

void Audience::look(std::string& out, std::uint64_t next_sequence) {
  const auto agent = client_.find(agent_);
  const bool ahead = agent && agent->next_sequence > next_sequence;
  ends_at_ = agent && !ahead ? agent->grace_ends_at : std::nullopt;
  // One that is not idle will say so when it is.
  stale_ = ahead && agent->status == events::AgentStatus::idle;
  if (agent && agent->presence_topic != topic_) follow(out, agent->presence_topic);
}

void Audience::follow(std::string& out, const std::string& topic) {
  topic_ = topic;
  viewers_.reset();
  auto subscription = client_.subscribe(topic);
  if (!subscription) {
    text_.screen().note(out, fmt::format("viewers are not shown: {}", subscription.error().message),
                        Style::warning);
    return;
  }
  viewers_ = std::move(*subscription);
  for (const Event& event : *viewers_)
    text_.event(out, event.get());
}

int Audience::poll_timeout_ms() const {
  if (!ends_at_) return -1;
  const auto left = time_until(*ends_at_);
  if (left == std::chrono::nanoseconds::zero()) return -1;
  // Until the second that is shown is over.
  const auto shown = std::chrono::ceil<std::chrono::seconds>(left) - std::chrono::seconds(1);
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left - shown).count());
}

}  // namespace ringside::tools
