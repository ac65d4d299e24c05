// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agentd/expected.hpp"
#include "agentd/run.hpp"
#include "agentd/runners/line_fault.hpp"
#include "events_generated.h"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

inline constexpr std::size_t recording_size_max = 256 * 1024 * 1024;

/// The pace of recordings that name no times.
inline constexpr std::int64_t untimed_step_ns = 20'000'000;

struct RecordedStep {
  schema::EventBuffer event;  ///< with the recorded ids, stamped with 0
  std::int64_t at_ns = 0;     ///< after the first step; never less than the step before
};

/// Where a recorded run ended in order to wait.
struct RecordedWait {
  std::size_t before_step = 0;  ///< with which the run that came next begins
  RunOutcome outcome;           ///< interrupted or paused
};

/// A stream that was recorded, read and found whole. It never changes and is shared by all who replay it.
struct Recording {
  std::vector<RecordedStep> steps;
  std::vector<RecordedWait> waits;        ///< by step
  std::optional<events::ErrorT> failure;  ///< how the recorded run failed, where it did
  std::size_t event_size_max = 0;
  std::size_t event_size_max_line = 0;  ///< the line from which the largest event comes
};

/// Where a recording is not usable. `line` counts from 1; 0 if the whole is meant.
struct RecordingFault {
  std::size_t line = 0;
  LineFault fault;
};

/// Reads the text of a recording; its first line that says something decides which of the two forms it has:
///
/// - chat-completions chunks (chat_chunks.hpp), a step each `untimed_step_ns`;
/// - Ringside event lines (schema/event_json.hpp), a step at each line's time. What belongs to the recorded
///   life and not to its work (status, shutdown, presence: what no foreign publisher may publish) is left
///   out; a recorded status `error` ends the recording with that error, `interrupted` and `paused` are places
///   where it waits. A gap is refused: a recording with a
///   hole would fold to something that nobody ever saw. So are lines of several topics.
expected<Recording, RecordingFault> read_recording(std::string_view text);

/// Reads a file: a regular one, of at most `recording_size_max` bytes. The error says what to do. Whoever
/// loads the same unchanged file while it is still in use shares what is there. Any thread.
expected<std::shared_ptr<const Recording>, std::string> load_recording(const std::filesystem::path& path);

}  // namespace ringside::agentd
