// SPDX-License-Identifier: Apache-2.0
//
// The fixed layout of a delta, held against FlatBuffers: whatever is said, its bytes pass every check and mean what the
// object API makes of the same.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "arbitrary_value.hpp"
#include "schema/event_check.hpp"
#include "schema/event_json.hpp"
#include "schema/token_delta.hpp"

namespace ringside::schema {
namespace {

/// What FlatBuffers makes of it, without a line of ours about layout.
EventBuffer reference(const TokenDelta& delta) {
  auto one = std::make_unique<events::MessageDeltaT>();
  one->message_id = delta.message_id;
  one->part_index = delta.part_index;
  if (delta.part == TokenDelta::Part::text) {
    one->text = delta.text;
  } else {
    one->content = std::make_unique<events::ContentPartT>();
    one->content->type = events::ContentType::thinking;
    one->content->content = delta.text;
  }
  events::LlmDeltasT deltas;
  deltas.deltas.push_back(std::move(one));
  events::EventT event;
  event.incarnation = delta.stamp.incarnation;
  event.run = delta.stamp.run;
  event.payload.Set(std::move(deltas));
  return pack(event);
}

std::string printed(const EventBuffer& event) {
  static EventJson json;
  std::string line;
  json.print_line(line, 1, 2, "t", event.event());
  return line;
}

RC_GTEST_PROP(TokenDelta, PassesTheChecksAndMeansWhatFlatBuffersMakes, ()) {
  const std::string id = testing::name();
  // The object API leaves out an empty string, which is there in a delta: for that see token_delta_test.cpp.
  const std::string text = testing::name();
  const TokenDelta delta{.stamp = {testing::number<std::uint64_t>(), testing::number<std::uint64_t>()},
                         .message_id = id,
                         .part_index = testing::number<std::uint32_t>(),
                         .text = text,
                         .part = testing::maybe() ? TokenDelta::Part::text : TokenDelta::Part::thinking};
  const EventBuffer ours = pack(delta);
  const EventBuffer theirs = reference(delta);
  const auto checked_ours = check_event(ours.bytes());
  const auto checked_theirs = check_event(theirs.bytes());
  RC_ASSERT(checked_ours.has_value() == checked_theirs.has_value());
  if (!checked_ours) {
    RC_ASSERT(checked_ours.error().message == checked_theirs.error().message);
    return;
  }
  // Equal as objects, which is told by their one encoding.
  events::EventT object;
  (*checked_ours)->UnPackTo(&object);
  RC_ASSERT(std::ranges::equal(pack(object).bytes(), theirs.bytes()));
  RC_ASSERT(printed(ours) == printed(theirs));
  RC_ASSERT(ours.bytes().size() == delta.encoded_size());
  const auto read = TokenDelta::read(ours.bytes());
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->stamp == delta.stamp && read->part == delta.part && read->part_index == delta.part_index);
  RC_ASSERT(read->message_id == delta.message_id);
  RC_ASSERT(read->text == delta.text);
}

}  // namespace
}  // namespace ringside::schema
