// SPDX-License-Identifier: Apache-2.0
#include "told_events.hpp"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

#include "schema/event_builder.hpp"
#include "schema/event_check.hpp"
#include "schema/event_json.hpp"

namespace ringside::schema::testing {

bool same_bytes(const EventBuffer& left, const EventBuffer& right) {
  return std::ranges::equal(left.bytes(), right.bytes());
}

ToldFold& ToldFold::at(std::uint64_t incarnation, std::uint64_t run) {
  stamp_ = {incarnation, run};
  return *this;
}

ToldFold& ToldFold::tell(std::string_view kind, std::string_view payload) {
  static EventJson json;
  std::string line = R"({"kind":")";
  line.append(kind).append(R"(","incarnation":)").append(std::to_string(stamp_.incarnation));
  line.append(R"(,"run":)").append(std::to_string(stamp_.run)).append(R"(,"event":)");
  line.append(payload).append("}");
  const auto told = json.parse_line(line);
  if (!told) throw std::invalid_argument(told.error().message + " in " + line);
  fold_.apply(told->event.event());
  expect_snapshot();
  return *this;
}

ToldFold& ToldFold::text(std::string_view message_id, std::string_view text, std::uint32_t part_index) {
  fold_.apply(EventBuilder().text_delta(stamp_, message_id, part_index, text).event());
  expect_snapshot();
  return *this;
}

void ToldFold::expect_snapshot() const {
  const EventBuffer snapshot = fold_.snapshot();
  const auto checked = check_event(snapshot.bytes());
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(snapshot.stamp(), fold_.stamp());
  Fold restored(fold_.kind());
  restored.apply(snapshot.event());
  EXPECT_TRUE(same_bytes(restored.snapshot(), snapshot));
}

}  // namespace ringside::schema::testing
