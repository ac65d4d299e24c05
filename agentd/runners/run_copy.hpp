// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "agentd/runners/run_output.hpp"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

/// Recorded events as those of one run. A pass through a recording takes one run, and one more for each place
/// where it waits. Two passes must not fold into one another, in no life of an agent, so the ids of messages
/// and interrupts get the life and the first run of the pass: "<id>~<incarnation in base 36>.<run>". Ids of
/// tool calls stay as the model wrote them in a life's first pass, and get the same tag in the later ones.
/// Threads: one at a time.
class RunCopy {
 public:
  /// `pass` is the first run of the pass.
  RunCopy(schema::Stamp stamp, std::uint64_t pass);

  /// Gives the copy to the output.
  void publish(const events::Event& recorded, RunOutput& output) const;

  /// The same for the end of a run.
  [[nodiscard]] RunOutcome outcome(const RunOutcome& recorded) const;

  /// For what belongs to this pass alone: a message, an interrupt.
  [[nodiscard]] std::string own_id(std::string_view recorded) const;
  [[nodiscard]] std::string call_id(std::string_view recorded) const;

 private:
  schema::Stamp stamp_;
  std::string own_tag_;
  std::string call_tag_;
};

}  // namespace ringside::agentd
