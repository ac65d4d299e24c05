// SPDX-License-Identifier: Apache-2.0
//
// Events as lines of JSON, the form that people, scripts and exec children read and write:
//
//   {"seq":1,"time_ns":2,"topic":"agent_server:a","kind":"llm_deltas","incarnation":3,"run":1,"event":{...}}
//
// `event` is the payload alone. A line that is read needs `kind` and `event`; the other keys may be absent.
// Keys that are not known are refused by name, at every level, and so are keys given twice.
//
// Out: strict JSON without a newline; every scalar is there, also at its default; an optional number that is
// absent is null; enumerators are their names; 64-bit integers are numbers, in full; control characters are
// escaped, all else is UTF-8 as it stands; bytes (`custom.data`) are an array of numbers. In: strict JSON
// likewise (no comments, no trailing commas, no NaN); an enumerator may also be its number, a number may be
// quoted, null means absent.
//
// Threads: one at a time. Making one costs a few hundred microseconds: keep it.
// Trust:   lines may come from anybody: at most 1 MiB, 32 levels, UTF-8; the event
//          found has passed `check_event`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schema/event_buffer.hpp"
#include "schema/expected.hpp"
#include "schema/json_syntax.hpp"

namespace ringside::schema {

inline constexpr std::size_t json_line_size_max = 1024 * 1024;
inline constexpr std::size_t json_depth_max = 32;

/// One line, understood.
struct EventLine {
  std::optional<std::uint64_t> seq;
  std::optional<std::int64_t> time_ns;
  std::optional<std::string> topic;
  std::uint64_t incarnation = 0;
  std::uint64_t run = 0;
  std::size_t kind_column = 0;  ///< where its kind is named
  EventBuffer event;            ///< stamped with incarnation and run
};

class EventJson {
 public:
  EventJson();
  EventJson(EventJson&&) noexcept;
  EventJson& operator=(EventJson&&) noexcept;
  ~EventJson();

  /// Reads one line, with or without its newline. The column of an error in the values of the event is where the reader
  /// noticed, right behind it.
  expected<EventLine, JsonError> parse_line(std::string_view line);

  /// Appends one line, without a newline. Requires an event that was checked or encoded by this process. The
  /// payload of a kind that a later version added is null, and its kind is the number.
  void print_line(std::string& out, std::uint64_t seq, std::int64_t time_ns, std::string_view topic,
                  const events::Event& event);

  /// Appends what a person answered, as an object: `{"data_type": "question","data": {...}}`; what
  /// stands for a halt among several has the type NONE and no data.
  void print_answer(std::string& out, const events::AnswerT& answer);

  /// Appends `{"gap":{"first":F,"count":N}}`.
  void print_gap(std::string& out, std::uint64_t first, std::uint64_t count);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ringside::schema
