// SPDX-License-Identifier: Apache-2.0
//
// Events as lines of JSON, the form that `ringside tail --json` prints and `ringside pub` reads:
//
//   {"seq":1,"time_ns":2,"topic":"agent_server:a","kind":"llm_deltas","incarnation":3,"run":1,"event":{...}}
//
// `event` is the payload alone. Of a line that is read, only `kind` and `event` must be there; what else a
// printed line says may be and is passed over.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ringside/agent_view.hpp>
#include <ringside/event.hpp>
#include <ringside/expected.hpp>
#include <ringside/subscription.hpp>

namespace ringside {

/// Why a line was refused. `column` counts bytes from 1; 0 if the line as a whole is meant.
struct JsonError {
  std::string message;
  std::size_t column = 0;
};

/// Prints and reads event lines. Making one costs a few hundred microseconds: keep it.
/// Threads: one at a time.
class EventJson {
 public:
  EventJson();
  EventJson(EventJson&&) noexcept;
  EventJson& operator=(EventJson&&) noexcept;
  ~EventJson();

  /// Appends one line, without a newline: strict JSON in UTF-8, control characters escaped.
  void print(std::string& out, const Event& event);

  /// Appends `{"gap":{"first":F,"count":N}}`.
  void print(std::string& out, const Gap& gap);

  /// Appends the state as the line of a `snapshot` event of that topic, with the number and the time of the last event
  /// that it includes.
  void print(std::string& out, const AgentView& view, std::string_view topic);

  /// Reads one line, with or without its newline, into an encoded event as `Client::publish` takes it.
  expected<std::vector<std::byte>, JsonError> parse(std::string_view line);

 private:
  class Lines;
  std::unique_ptr<Lines> lines_;
};

}  // namespace ringside
