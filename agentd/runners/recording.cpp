// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/recording.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "agentd/runners/chat_chunks.hpp"
#include "agentd/runners/json_fault.hpp"
#include "agentd/runners/status_outcome.hpp"
#include "schema/event_json.hpp"
#include "schema/event_kind.hpp"
#include "schema/json_syntax.hpp"

namespace ringside::agentd {
namespace {

using Taken = expected<void, LineFault>;

unexpected<LineFault> refuse(std::string message, std::size_t column = 0, bool ends_too_early = false) {
  return unexpected<LineFault>(LineFault{std::move(message), column, ends_too_early});
}

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

void note_size(Recording& recording, std::size_t size, std::size_t line) {
  if (size <= recording.event_size_max) return;
  recording.event_size_max = size;
  recording.event_size_max_line = line;
}

void add_step(Recording& recording, schema::EventBuffer event, std::int64_t at_ns, std::size_t line) {
  note_size(recording, event.bytes().size(), line);
  recording.steps.push_back({std::move(event), at_ns});
}

/// One of the two forms, fed line by line.
class LineReader {
 public:
  virtual ~LineReader() = default;
  virtual Taken take(std::string_view line, std::size_t number, Recording& into) = 0;
  virtual void finish(std::size_t line_count, Recording& into) = 0;
};

class ChunkReader final : public LineReader {
 public:
  Taken take(std::string_view line, std::size_t number, Recording& into) override {
    if (auto read = chunks_.line(line, events_); !read) return read;
    if (!events_.empty() && !into.steps.empty()) at_ns_ += untimed_step_ns;
    flush(number, into);
    return {};
  }

  void finish(std::size_t line_count, Recording& into) override {
    chunks_.finish(events_);
    flush(line_count, into);
    into.failure = chunks_.failure();
  }

 private:
  void flush(std::size_t number, Recording& into) {
    for (schema::EventBuffer& event : events_)
      add_step(into, std::move(event), at_ns_, number);
    events_.clear();
  }

  ChatChunks chunks_;
  std::vector<schema::EventBuffer> events_;
  std::int64_t at_ns_ = 0;
};

class EventLineReader final : public LineReader {
 public:
  Taken take(std::string_view line, std::size_t number, Recording& into) override {
    if (blank(line)) return {};
    auto read = json_.parse_line(line);
    if (!read) return explain(line, read.error());
    if (read->topic) {
      if (topic_ && *topic_ != *read->topic)
        return refuse("a line of another topic than those before; replay one topic at a time");
      topic_ = read->topic;
    }
    if (into.failure) return {};
    if (const auto* status = read->event.event().payload_as_status_changed())
      take_status(*status, read->event.bytes().size(), number, into);
    if (!schema::is_publishable(read->event.kind())) return {};
    advance(read->time_ns, into.steps.empty());
    add_step(into, schema::restamp(read->event.event(), 0, 0), at_ns_, number);
    return {};
  }

  void finish(std::size_t, Recording&) override {}

 private:
  static void take_status(const events::StatusChanged& status, std::size_t size, std::size_t number,
                          Recording& into) {
    if (status.status() == events::AgentStatus::running) return;
    RunOutcome outcome = outcome_of(status);
    if (outcome.error) into.failure = std::move(outcome.error);
    if (!waits(outcome.end)) return;
    note_size(into, size, number);
    into.waits.push_back({into.steps.size(), std::move(outcome)});
  }

  static Taken explain(std::string_view line, schema::JsonError& error) {
    if (is_gap(line))
      return refuse(
          "the recording has a gap here and is not whole; record it again with a reader that keeps up");
    const bool cut = json_fault(line) == line.size();
    if (cut) return refuse("the line ends in the middle of an event", line.size() + 1, true);
    return refuse(std::move(error.message), error.column);
  }

  static bool is_gap(std::string_view line) {
    bool gap = false;
    schema::JsonSyntax().check_object(line, schema::json_depth_max, [&](const schema::JsonMember& member) {
      gap = gap || member.name == "gap";
      return std::optional<schema::JsonError>{};
    });
    return gap;
  }

  void advance(std::optional<std::int64_t> time_ns, bool first) {
    if (first) {
      last_time_ns_ = time_ns;
      return;
    }
    std::int64_t step = untimed_step_ns;
    if (time_ns && last_time_ns_) {  // a clock that was set back costs no time
      const bool forward = *time_ns > *last_time_ns_;
      step = forward && __builtin_sub_overflow(*time_ns, *last_time_ns_, &step) == 0
                 ? *time_ns - *last_time_ns_
                 : 0;
    }
    if (time_ns) last_time_ns_ = time_ns;
    at_ns_ = step > std::numeric_limits<std::int64_t>::max() - at_ns_ ? at_ns_ : at_ns_ + step;
  }

  schema::EventJson json_;
  std::optional<std::string> topic_;
  std::optional<std::int64_t> last_time_ns_;
  std::int64_t at_ns_ = 0;
};

/// Event lines name their kind, and gaps are known; all else is left to the reader of chunks, which
/// knows other formats by name.
std::unique_ptr<LineReader> reader_for(std::string_view first_line) {
  bool event_lines = false;
  schema::JsonSyntax().check_object(
      first_line, schema::json_depth_max, [&](const schema::JsonMember& member) {
        event_lines = event_lines || member.name == "kind" || member.name == "gap";
        return std::optional<schema::JsonError>{};
      });
  if (event_lines) return std::make_unique<EventLineReader>();
  return std::make_unique<ChunkReader>();
}

}  // namespace

expected<Recording, RecordingFault> read_recording(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  Recording recording;
  std::unique_ptr<LineReader> reader;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    const bool last = end == std::string_view::npos || end + 1 == text.size();
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!reader && blank(line)) continue;
    if (!reader) reader = reader_for(line);
    if (auto taken = reader->take(line, number, recording); !taken) {
      LineFault fault = std::move(taken.error());
      if (fault.ends_too_early && last)
        fault.message += ": the file is cut off here; record it again, or remove this line";
      return unexpected<RecordingFault>({number, std::move(fault)});
    }
  }
  if (reader) reader->finish(number, recording);
  if (recording.steps.empty() && recording.waits.empty() && !recording.failure)
    return unexpected<RecordingFault>({0, {"there is nothing in it to replay", 0, false}});
  return recording;
}

}  // namespace ringside::agentd
