// SPDX-License-Identifier: Apache-2.0
//
// The bytes themselves. A change here is a new layout version.
#include <string>

#include <gtest/gtest.h>

#include "shm/ring_object.hpp"
#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

std::string hex(const std::byte* bytes, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    if (i > 0 && i % 8 == 0) text += ' ';
    text += digits[std::to_integer<unsigned>(bytes[i]) >> 4];
    text += digits[std::to_integer<unsigned>(bytes[i]) & 15];
  }
  return text;
}

TEST(RingLayout, OfARecord) {
  HeapRing ring(small_geometry, 0x1122334455667788);
  const std::array payload{std::byte{'h'}, std::byte{'e'}, std::byte{'l'}, std::byte{'l'}, std::byte{'o'}};
  ASSERT_TRUE(ring.writer.publish(payload, 0x0a0b0c0d, 0x0102030405060708));
  EXPECT_EQ(hex(ring.view().segment(0).bytes(0), 40),
            "8877665505000010 0807060504030201 0d0c0b0a00000000 68656c6c6f000000 0000000000000000");
}

TEST(RingLayout, OfTwoRecordsBesideEachOther) {
  EXPECT_EQ(next_place(0, 0), 24U);
  EXPECT_EQ(next_place(0, 1), 32U);
  EXPECT_EQ(next_place(0, 9), 64U);
  EXPECT_EQ(next_place(0, 32), 64U);
  EXPECT_EQ(next_place(64, 128), 64U + 152U);
  EXPECT_EQ(next_place(64 + 152, 128), 384U);
  for (std::uint64_t offset = 0; offset < 4096; offset += 8) {
    for (std::uint64_t length = 0; length < 200; ++length) {
      const std::uint64_t next = next_place(offset, length);
      ASSERT_GE(next, offset + record_header_size + length);
      ASSERT_EQ(next % 8, 0U);
      ASSERT_LE(next % cache_line_size, line_offset_max);
      ASSERT_LT(next - offset, record_header_size + length + 40);
    }
  }
}

TEST(RingLayout, OfAKeyframeAndItsPosition) {
  HeapRing ring(small_geometry, 0x1122334455667788);
  const std::array payload{std::byte{'h'}, std::byte{'e'}, std::byte{'l'}, std::byte{'l'}, std::byte{'o'}};
  ASSERT_TRUE(ring.publish(20));
  ASSERT_TRUE(ring.writer.publish_keyframe(payload, 0x0a0b0c0d, 0x0102030405060708));
  EXPECT_EQ(hex(ring.view().segment(0).bytes(64), 40),
            "8877665505000050 0807060504030201 0d0c0b0a00000000 68656c6c6f000000 0000000000000000");
  EXPECT_EQ(hex(ring.base() + 384, 8), "4010000000000000");
}

TEST(RingLayout, OfALink) {
  HeapRing ring(small_geometry, 0x1122334455667788);
  const std::vector<std::byte> payload(4040, std::byte{'x'});
  ASSERT_TRUE(ring.writer.publish(payload, 1, 2));
  ASSERT_TRUE(ring.writer.publish(payload, 1, 2));
  ASSERT_TRUE(ring.writer.publish(payload, 1, 2));
  EXPECT_EQ(hex(ring.view().segment(0).bytes(4064), 16), "8977665501000030 0200000000000000");
  EXPECT_EQ(hex(ring.view().segment(1).bytes(4064), 16), "8a77665502000030 0300000000000000");
}

TEST(RingLayout, OfTheHeaderAndItsTable) {
  RingIdentity identity{"topic", 0x0102030405060708, {0xaa, 0xbb}};
  auto object =
      RingObject::create("/ringside.layout." + std::to_string(::getpid()), small_geometry, identity, 5);
  ASSERT_TRUE(object);
  object->remove();
  RingWriter writer(object->memory(), object->backing(), 5);
  const auto* base = reinterpret_cast<const std::byte*>(&object->view().generation(0)) - sizeof(RingHeader);
  EXPECT_EQ(hex(base, 16), "72696e6773696465 0200000000100000");
  EXPECT_EQ(hex(base + 24, 40),
            "0010000003000000 0200000002000000 0800000000000000 0090000000000000 0500000000000000");
  EXPECT_EQ(hex(base + 64, 40),
            "0807060504030201 aabb000000000000 0000000000000000 0500000000000000 0000000000000000");
  EXPECT_EQ(hex(base + 128, 8), "746f706963000000");
  EXPECT_EQ(hex(base + 384, 8), "0000000000000000");
  EXPECT_EQ(hex(base + 448, 128),
            "0000000000000000 0000000000000000 0000000000000000 0000000000000000 "
            "0000000000000000 0100000000000000 0000000000000000 0000000000000000 "
            "0000000000000000 0000000000000000 0000000000000000 0000000000000000 "
            "0000000000000000 0050000000000000 0000000000000000 0000000000000000");
  EXPECT_EQ(hex(base + 576, 64),
            "0100000000000000 0500000000000000 0010000000000000 0010000000000000 "
            "0000000000000000 0000000000000000 0020000000000000 0010000000000000");
}

TEST(RingLayout, FingerprintChangesOnlyWithTheLayoutVersion) {
  static_assert(ring_layout_version == 2);
  EXPECT_EQ(ring_fingerprint(), 0xca6f94794256f7e5);
}

TEST(RingLayout, KeepsEverythingInsideItsBounds) {
  for (const std::uint32_t segment_size : {4096U, 65536U, 16U * 1024 * 1024}) {
    const std::uint32_t largest = payload_size_max(segment_size);
    EXPECT_LE(next_place(0, largest), last_place(segment_size));
    EXPECT_GT(next_place(0, largest + 1), last_place(segment_size));
    EXPECT_EQ(length_bits(commit_word(~std::uint64_t{0}, largest)), largest);
  }
  EXPECT_NE(commit_word(0, 0), 0U);
  const RingGeometry largest{segment_size_max,      window_segments_max, subscription_limit,    pins_max,
                             reliable_segments_max, large_segments_max,  large_segment_size_max};
  EXPECT_FALSE(fault_of(largest));
  EXPECT_EQ(largest.object_size() % page_size, 0U);
  EXPECT_EQ(length_bits(link_word(0, largest.table_entries())), largest.table_entries());
  EXPECT_EQ(length_bits(commit_word(0, largest.large_payload_size_max())), largest.large_payload_size_max());
}

}  // namespace
}  // namespace ringside::shm
