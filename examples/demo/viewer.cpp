// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/viewer.hpp"

#include <utility>

#include <signal.h>
#include <simdjson.h>

namespace demo {
namespace {

using simdjson::dom::element;

std::string_view text_at(const element& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::uint64_t number_at(const element& object, std::string_view key) {
  std::uint64_t number = 0;
  return object[key].get(number) == simdjson::SUCCESS ? number : 0;
}

template <class Each>
void each_of(const element& object, std::string_view key, Each each) {
  simdjson::dom::array items;
  if (object[key].get(items) != simdjson::SUCCESS) return;
  for (const element item : items)
    each(item);
}

}  // namespace

Viewer::Viewer(std::string name, Process process, Pace pace)
    : name_(std::move(name)), process_(std::move(process)), pace_(pace) {}

void Viewer::set_pace(Pace pace) noexcept {
  pace_ = pace;
  next_read_ = {};
}

void Viewer::read(Clock::time_point now) {
  next_read_ = now + pace_.rest;
  if (!process_.read_some(unread_, pace_.bytes)) return;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = unread_.find('\n', begin)) != std::string::npos; begin = end + 1)
    line(std::string_view(unread_).substr(begin, end - begin), now);
  unread_.erase(0, begin);
}

int Viewer::leave() {
  process_.signal(SIGINT);
  // It must not be kept from leaving by a pipe that nobody empties.
  while (process_.read_some(unread_, 64 * 1024)) {
  }
  return process_.wait();
}

void Viewer::line(std::string_view text_line, Clock::time_point now) {
  simdjson::dom::parser parser;
  element object;
  if (parser.parse(simdjson::padded_string(text_line)).get(object) != simdjson::SUCCESS) {
    in_order = false;
    return;
  }
  element gap;
  if (object["gap"].get(gap) == simdjson::SUCCESS) {
    if (events > 0 && number_at(gap, "first") != last_sequence + 1) in_order = false;
    lost += number_at(gap, "count");
    last_sequence = number_at(gap, "first") + number_at(gap, "count") - 1;
    return;
  }
  const std::uint64_t sequence = number_at(object, "seq");
  if (events == 0) first_sequence = sequence;
  if (events > 0 && sequence != last_sequence + 1) in_order = false;
  last_sequence = sequence;
  last_event_at = now;
  ++events;
  last_kind = text_at(object, "kind");
  const element event = object["event"];
  each_of(event, "deltas", [&](const element& delta) {
    text += text_at(delta, "text");
    element part;
    if (delta["content"].get(part) == simdjson::SUCCESS && part.is_object() &&
        text_at(part, "type") == "thinking")
      thinking += text_at(part, "content");
  });
  if (last_kind == "llm_message") {
    const element message = event["message"];
    has_message = text_at(message, "role") == "assistant";
    each_of(message, "content", [&](const element& part) {
      if (text_at(part, "type") == "text") whole_text += text_at(part, "content");
    });
  } else if (last_kind == "status_changed") {
    status = text_at(event, "status");
  } else if (last_kind == "agent_shutdown") {
    shutdown_reason = text_at(event, "reason");
    ++shutdowns;
  }
}

}  // namespace demo
