// SPDX-License-Identifier: Apache-2.0
//
// Bytes that an earlier build wrote. They never change: whoever has stored such an event can read it for ever. (How
// today's FlatBuffers would lay out the same event is its own affair, and not asked here.)
#include <cstddef>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "schema/control_codec.hpp"
#include "schema/event_builder.hpp"
#include "schema/event_check.hpp"

namespace ringside::schema {
namespace {

std::vector<std::byte> from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  }
  return bytes;
}

/// llm_deltas: the one-token delta, the event that matters.
constexpr std::string_view delta_hex =
    "14000000525345310c001e000c001400070008000c000000000000021c000000"
    "8877665544332211070000000000000000000600080004000600000004000000"
    "01000000100000000c0010000c000000080004000c0000000c00000002000000"
    "10000000040000002074686500000000020000006d310000";

/// status_changed to interrupted: unions inside the payload, a vector of enumerators.
constexpr std::string_view interrupted_hex =
    "14000000525345310c001c000c001400070008000c000000000000011c000000"
    "0500000000000000060000000000000008000e00070008000800000000000002"
    "1000000000000a001200080007000c000a00000000000001600000000c000000"
    "0000060008000400060000000400000001000000100000000c00140004000800"
    "0c0010000c000000280000001c00000010000000040000000200000000020000"
    "020000007b7d000002000000726d000002000000633100000200000069310000";

/// The first request of a connection: whatever else differs, both sides must be able to read it.
constexpr std::string_view hello_hex =
    "14000000525343310000000008000e0007000800080000000000000110000000"
    "00000a0014000c00070008000a000000000000011c0000000900000000000000"
    "10002c00040008001000180020000c0010000000010000000200000020000000"
    "efbefecacefaedfe030000000000000004000000000000000000000004000000"
    "7461696c00000000";

TEST(GoldenBytes, AOneTokenDelta) {
  const std::vector<std::byte> bytes = from_hex(delta_hex);
  const auto event = check_event(bytes);
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ((*event)->incarnation(), 0x1122334455667788u);
  EXPECT_EQ((*event)->run(), 7u);
  EXPECT_EQ(static_cast<int>((*event)->payload_type()), 2);
  const auto* deltas = (*event)->payload_as_llm_deltas()->deltas();
  ASSERT_EQ(deltas->size(), 1u);
  EXPECT_EQ(deltas->Get(0)->message_id()->str(), "m1");
  EXPECT_EQ(deltas->Get(0)->role(), events::Role::assistant);
  EXPECT_EQ(deltas->Get(0)->part_index(), 2u);
  EXPECT_EQ(deltas->Get(0)->text()->str(), " the");
  EXPECT_EQ(deltas->Get(0)->content(), nullptr);
  EXPECT_EQ(deltas->Get(0)->tool_calls(), nullptr);
  EXPECT_EQ(deltas->Get(0)->status(), events::DeltaStatus::incomplete);
}

TEST(GoldenBytes, AnInterrupt) {
  const std::vector<std::byte> bytes = from_hex(interrupted_hex);
  const auto event = check_event(bytes);
  ASSERT_TRUE(event) << event.error().message;
  const auto* changed = (*event)->payload_as_status_changed();
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->status(), events::AgentStatus::interrupted);
  EXPECT_EQ(changed->interrupt()->id()->str(), "i1");
  const auto* request = changed->interrupt()->data_as_approval()->requests()->Get(0);
  EXPECT_EQ(request->tool_call_id()->str(), "c1");
  EXPECT_EQ(request->tool_name()->str(), "rm");
  EXPECT_EQ(request->arguments()->str(), "{}");
  ASSERT_EQ(request->allowed()->size(), 2u);
  EXPECT_EQ(request->allowed()->Get(0), events::Decision::approve);
  EXPECT_EQ(request->allowed()->Get(1), events::Decision::reject);
}

TEST(GoldenBytes, AHello) {
  const std::vector<std::byte> bytes = from_hex(hello_hex);
  const auto request = decode_request(bytes);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ((*request)->id(), 9u);
  const auto* hello = (*request)->body_as_hello();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->protocol_version(), 1u);
  EXPECT_EQ(hello->layout_version(), 2u);
  EXPECT_EQ(hello->layout_fingerprint(), 0xfeedfacecafebeefu);
  EXPECT_EQ(hello->client_id_high(), 3u);
  EXPECT_EQ(hello->client_id_low(), 4u);
  EXPECT_EQ(hello->client_name()->str(), "tail");
}

TEST(GoldenBytes, TodaysOneTokenDeltaIsNoLarger) {
  const EventBuffer today = EventBuilder().text_delta({0x1122334455667788u, 7}, "m1", 2, " the");
  EXPECT_TRUE(check_event(today.bytes()));
  EXPECT_LE(today.bytes().size(), delta_hex.size() / 2);
}

}  // namespace
}  // namespace ringside::schema
