// SPDX-License-Identifier: Apache-2.0
//
// Tokens that are joined add up to what each by itself does.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "schema/event_builder.hpp"
#include "schema/token_delta.hpp"
#include "schema/token_run.hpp"

namespace ringside::schema {
namespace {

/// Few messages, parts and runs, so that much of it belongs together, and something else in between.
EventBuffer any_event() {
  static EventBuilder builder;
  const Stamp stamp{1, *rc::gen::inRange<std::uint64_t>(0, 3)};
  if (*rc::gen::inRange(0, 8) == 0) return builder.status_changed(stamp, events::AgentStatus::running);
  const std::string id(1, *rc::gen::inRange('a', 'c'));
  const std::string text(*rc::gen::inRange<std::size_t>(0, 40), *rc::gen::inRange('m', 'z'));
  TokenDelta delta{.stamp = stamp, .message_id = id, .part_index = *rc::gen::inRange(0U, 2U), .text = text};
  if (*rc::gen::inRange(0, 3) == 0) delta.part = TokenDelta::Part::thinking;
  // The same in the layout of the builder, which is not recognised.
  return *rc::gen::inRange(0, 4) == 0 ? restamp(pack(delta).event(), stamp.incarnation, stamp.run)
                                      : pack(delta);
}

RC_GTEST_PROP(TokenRun, AddsUpToWhatEachEventByItselfDoes, ()) {
  Fold each(StateKind::agent);
  Fold joined(StateKind::agent);
  const auto count = *rc::gen::inRange(1, 60);
  std::vector<EventBuffer> events;
  for (int i = 0; i < count; ++i)
    events.push_back(any_event());
  TokenRun run(joined);
  for (const EventBuffer& event : events) {
    each.apply(event.event());
    run.apply(event.bytes());
  }
  run.finish();
  const EventBuffer left = each.snapshot();
  const EventBuffer right = joined.snapshot();
  RC_ASSERT(std::ranges::equal(left.bytes(), right.bytes()));
}

TEST(TokenRun, IsAsLongAsItMayBeAndNoLonger) {
  Fold each(StateKind::agent);
  Fold joined(StateKind::agent);
  TokenRun run(joined);
  const std::string text(1000, 'x');
  const EventBuffer token = pack(TokenDelta{.stamp = {1, 1}, .message_id = "m", .text = text});
  for (int i = 0; i < 200; ++i) {
    each.apply(token.event());
    run.apply(token.bytes());
  }
  EXPECT_EQ(joined.agent()->messages().front().fold.parts().front().content.size(),
            TokenRun::joined_size_max / text.size() * 3 * text.size());
  run.finish();
  EXPECT_EQ(joined.agent()->messages().front().fold.parts().front().content.size(), 200 * text.size());
}

}  // namespace
}  // namespace ringside::schema
