// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "agentd/runners/run_output.hpp"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

/// Recorded events as those of one run. Two runs of one recording must not fold into one another, in no life
/// of an agent, so a message's id gets the life and the run: "<id>~<incarnation in base 36>.<run>". Ids of
/// tool calls stay as the model wrote them in a life's first run, and get the same tag in the later ones.
/// Threads: one at a time.
class RunCopy {
 public:
  explicit RunCopy(schema::Stamp stamp);

  /// Gives the copy to the output.
  void publish(const events::Event& recorded, RunOutput& output) const;

  [[nodiscard]] std::string message_id(std::string_view recorded) const;
  [[nodiscard]] std::string call_id(std::string_view recorded) const;

 private:
  schema::Stamp stamp_;
  std::string message_tag_;
  std::string call_tag_;
};

}  // namespace ringside::agentd
