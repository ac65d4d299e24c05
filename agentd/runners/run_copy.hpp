// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "schema/event_buffer.hpp"
#include "schema/event_builder.hpp"

namespace ringside::agentd {

/// Recorded events as those of one run. Two runs of one recording must not fold into one another, in no life
/// of an agent, so a message's id gets the life and the run: "<id>~<incarnation in base 36>.<run>". Ids of
/// tool calls stay as the model wrote them in a life's first run, and get the same tag in the later ones.
/// Threads: one at a time.
class RunCopy {
 public:
  explicit RunCopy(schema::Stamp stamp);

  schema::EventBuffer copy(const events::Event& recorded);

  [[nodiscard]] std::string message_id(std::string_view recorded) const;
  [[nodiscard]] std::string call_id(std::string_view recorded) const;

 private:
  schema::Stamp stamp_;
  std::string message_tag_;
  std::string call_tag_;
  schema::EventBuilder builder_;
};

}  // namespace ringside::agentd
