// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <ringside/agent_view.hpp>

#include "schema/fold.hpp"

namespace ringside {

/// What an AgentView knows, and whether that is all there is to know.
class AgentView::State {
 public:
  bool apply(const events::Event& event, std::uint64_t sequence, std::int64_t time_ns);
  void lost();

  [[nodiscard]] bool known() const noexcept { return known_; }
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  [[nodiscard]] std::int64_t time_ns() const noexcept { return time_ns_; }
  [[nodiscard]] const schema::Fold& fold() const noexcept { return fold_; }
  [[nodiscard]] const schema::AgentFold& agent() const noexcept { return *fold_.agent(); }

  /// Made when they are asked for and the state has changed.
  const std::vector<MessageInFlight>& messages();
  const std::vector<OpenToolCall>& calls();

 private:
  /// Whether the event is where all there is to know begins.
  [[nodiscard]] bool begins_with(const events::Event& event, std::uint64_t sequence) const noexcept;

  void refresh();
  void refresh_calls();
  void refresh_messages();

  schema::Fold fold_{schema::StateKind::agent};
  bool known_ = false;
  std::uint64_t sequence_ = 0;
  std::int64_t time_ns_ = 0;
  std::uint64_t last_life_ = 0;  // the greatest incarnation that was taken in
  bool follows_ = false;         // without a hole since the last event
  bool changed_ = false;         // since the vectors below were made
  std::vector<MessageInFlight> messages_;
  std::vector<PartInFlight> parts_;
  std::vector<OpenToolCall> calls_;
};

}  // namespace ringside
