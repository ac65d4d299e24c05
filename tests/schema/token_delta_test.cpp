// SPDX-License-Identifier: Apache-2.0
#include "schema/token_delta.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "schema/event_builder.hpp"
#include "schema/event_check.hpp"

namespace ringside::schema {
namespace {

using Part = TokenDelta::Part;

constexpr Stamp said_in{.incarnation = 0x1122334455667788U, .run = 7};

const events::MessageDelta& one_of(const EventBuffer& event) {
  return *event.event().payload_as_llm_deltas()->deltas()->Get(0);
}

/// Equal as objects, which is told by their one encoding.
bool mean_the_same(const events::Event& a, const events::Event& b) {
  events::EventT object_a;
  a.UnPackTo(&object_a);
  events::EventT object_b;
  b.UnPackTo(&object_b);
  return std::ranges::equal(pack(object_a).bytes(), pack(object_b).bytes());
}

TEST(TokenDelta, AddsTextToAPart) {
  const EventBuffer event = pack(
      TokenDelta{.stamp = said_in, .message_id = "m1", .part_index = 2, .text = " the", .part = Part::text});
  ASSERT_TRUE(check_event(event.bytes()));
  EXPECT_EQ(event.stamp(), said_in);
  EXPECT_EQ(event.kind(), TokenDelta::kind);
  ASSERT_EQ(event.event().payload_as_llm_deltas()->deltas()->size(), 1U);
  EXPECT_EQ(one_of(event).message_id()->str(), "m1");
  EXPECT_EQ(one_of(event).part_index(), 2U);
  EXPECT_EQ(one_of(event).text()->str(), " the");
  EXPECT_EQ(one_of(event).content(), nullptr);
  EXPECT_EQ(one_of(event).tool_calls(), nullptr);
  EXPECT_EQ(one_of(event).role(), events::Role::assistant);
  EXPECT_EQ(one_of(event).status(), events::DeltaStatus::incomplete);
}

TEST(TokenDelta, AThoughtNeverCarriesText) {
  const EventBuffer event = pack(TokenDelta{
      .stamp = said_in, .message_id = "m1", .part_index = 0, .text = "Hm", .part = Part::thinking});
  ASSERT_TRUE(check_event(event.bytes()));
  EXPECT_EQ(one_of(event).text(), nullptr);
  EXPECT_EQ(one_of(event).content()->type(), events::ContentType::thinking);
  EXPECT_EQ(one_of(event).content()->content()->str(), "Hm");
  EXPECT_EQ(one_of(event).content()->options(), nullptr);
}

/// Every length around every alignment of both strings: the builder's meaning, no byte unwritten, none beyond the end.
TEST(TokenDelta, MeansWhatTheBuilderMakesAtEveryAlignment) {
  constexpr std::size_t guard_size = 16;
  EventBuilder builder;
  for (const Part part : {Part::text, Part::thinking}) {
    for (std::size_t id_size = 1; id_size <= 41; ++id_size) {
      for (std::size_t text_size = 0; text_size <= 41; ++text_size) {
        const std::string id(id_size, 'i');
        const std::string text(text_size, 't');
        const TokenDelta delta{
            .stamp = said_in, .message_id = id, .part_index = 3, .text = text, .part = part};
        const auto size = static_cast<std::size_t>(delta.encoded_size());
        // Twice, over memory that held something else: what differs was not written.
        const auto encoded_over = [&](std::byte before) {
          std::vector<std::byte> bytes(size + guard_size, before);
          delta.encode(bytes.data());
          EXPECT_TRUE(std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end(),
                                  [=](std::byte each) { return each == before; }))
              << "written beyond the end";
          bytes.resize(size);
          return bytes;
        };
        const auto bytes = encoded_over(std::byte{0});
        ASSERT_EQ(bytes, encoded_over(std::byte{0xff})) << id_size << " " << text_size;
        const auto checked = check_event(bytes);
        ASSERT_TRUE(checked) << checked.error().message << ": " << id_size << " " << text_size;
        const EventBuffer built = part == Part::text ? builder.text_delta(said_in, id, 3, text)
                                                     : builder.thinking_delta(said_in, id, 3, text);
        ASSERT_TRUE(mean_the_same(**checked, built.event())) << id_size << " " << text_size;
      }
    }
  }
}

TEST(TokenDelta, TakesStringsThatAreNowhere) {
  const EventBuffer event = pack(TokenDelta{.stamp = {}, .message_id = "m", .part_index = 0, .text = {}});
  ASSERT_TRUE(check_event(event.bytes()));
  EXPECT_EQ(one_of(event).text()->size(), 0U);
}

TEST(TokenDelta, IsNoLargerThanWhatTheBuilderMakes) {
  const EventBuffer built = EventBuilder().text_delta(said_in, "m1", 2, " the");
  const TokenDelta delta{.stamp = said_in, .message_id = "m1", .part_index = 2, .text = " the"};
  EXPECT_LE(delta.encoded_size(), built.bytes().size());
}

}  // namespace
}  // namespace ringside::schema
