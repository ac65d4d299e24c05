// SPDX-License-Identifier: Apache-2.0
//
// Whatever may be published can be printed and read back.
#include <algorithm>
#include <vector>

#include <simdjson.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "arbitrary_event.hpp"
#include "schema/event_check.hpp"
#include "schema/event_json.hpp"
#include "schema/event_kind.hpp"

namespace ringside::schema {
namespace {

/// Two events mean the same if, written anew by the same hand, they are the same bytes.
std::vector<std::byte> meaning(const EventBuffer& event) {
  const EventBuffer anew = restamp(event.event(), event.stamp().incarnation, event.stamp().run);
  return {anew.bytes().begin(), anew.bytes().end()};
}

void check_round_trip(events::Payload kind) {
  static EventJson json;
  const events::EventT object = testing::arbitrary_event(kind);
  const EventBuffer event = pack(object);
  const auto checked = check_event(event.bytes());
  // The tables of a generated message may be more than an event may have; such a one is refused in both forms.
  RC_PRE(checked || checked.error().fault == EventFault::malformed);
  if (!checked) return;

  const auto seq = *rc::gen::arbitrary<std::uint64_t>();
  const auto time_ns = *rc::gen::arbitrary<std::int64_t>();
  std::string line;
  json.print_line(line, seq, time_ns, "agent_server:a", event.event());
  RC_ASSERT(std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  simdjson::dom::parser strict;
  RC_ASSERT(strict.parse(line).error() == simdjson::SUCCESS);

  auto read = json.parse_line(line);
  if (!read) RC_FAIL(read.error().message + " in " + line);
  RC_ASSERT(read->seq == seq);
  RC_ASSERT(read->time_ns == time_ns);
  RC_ASSERT(read->event.kind() == kind);
  RC_ASSERT(meaning(read->event) == meaning(event));

  std::string again;
  json.print_line(again, seq, time_ns, "agent_server:a", read->event.event());
  RC_ASSERT(again == line);
}

class EventJsonProperty : public ::testing::TestWithParam<events::Payload> {};

TEST_P(EventJsonProperty, AnyEventComesBackFromJsonAsItWas) {
  EXPECT_TRUE(rc::check([] { check_round_trip(GetParam()); }));
}

std::vector<events::Payload> all_kinds() {
  std::vector<events::Payload> kinds(std::begin(events::EnumValuesPayload()),
                                     std::end(events::EnumValuesPayload()));
  std::erase(kinds, events::Payload::NONE);
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(OfKind, EventJsonProperty, ::testing::ValuesIn(all_kinds()),
                         [](const auto& tested) { return std::string(kind_name(tested.param)); });

/// Any text at all, mostly near to JSON, is read or refused with a column that lies in it.
RC_GTEST_PROP(EventJsonProperty, AnyTextIsReadOrRefused, ()) {
  static EventJson json;
  const events::EventT object = testing::arbitrary_event(testing::arbitrary_kind());
  const EventBuffer event = pack(object);
  RC_PRE(check_event(event.bytes()).has_value());
  std::string line;
  json.print_line(line, 1, 2, "t", event.event());
  const auto edits = *rc::gen::container<std::vector<std::pair<std::size_t, char>>>(
      rc::gen::pair(rc::gen::arbitrary<std::size_t>(), rc::gen::arbitrary<char>()));
  for (const auto& [at, byte] : edits)
    line[at % line.size()] = byte;
  if (*rc::gen::arbitrary<bool>()) line.resize(*rc::gen::inRange<std::size_t>(0, line.size()));
  const auto read = json.parse_line(line);
  if (read) {
    RC_ASSERT(check_event(read->event.bytes()).has_value());
  } else {
    RC_ASSERT(!read.error().message.empty());
    RC_ASSERT(read.error().column <= line.size() + 1);
  }
}

}  // namespace
}  // namespace ringside::schema
