// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a ring, and nothing that acts on them. docs/layout.md tells the same in prose.
//
//   object    offset   size     what                                       written by        read by
//             0        576      RingHeader                                 agentd, once      whoever attaches
//             384      8        .keyframe_position, 0: none (below)        agentd            readers
//             448      128      .counters                                  agentd            whoever attaches
//             576      32 * E   SegmentEntry of each physical segment      agentd            readers
//             header   -        P physical segments of segment_size bytes  agentd            readers
//             ...      -        L of large_segment_size, E = P + L         agentd            readers
//
//   record    0        8        commit word (below); 0 = nothing here yet
//             8        8        int64 time_ns, CLOCK_REALTIME
//             16       4        uint32 kind
//             20       4        reserved, 0
//             24       length   payload
//   LINK      0        8        commit word with the LINK flag, length bits = physical index
//             8        8        generation that the index held when the link was made
//
//   commit    bits 0..31        low half of the record's sequence (of a LINK: of the next record's; of a keyframe: of the
//                               last event that it includes)
//   word      bits 32..59       payload length in bytes, or physical index
//             bit 60            committed: the word is never 0
//             bit 61            LINK
//             bit 62            keyframe: a record as any other, but of no sequence of its own
//             bit 63            0
//
// Every record begins at a multiple of 8 and ends inside its segment, which keeps its last 16 bytes for the
// LINK. Where the next record begins is a function of this one's place and length alone: next_place().
//
//   keyframe position           generation * segment size + offset: a keyframe begins less than a segment's size into its
//                               segment, and in a large one at 0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace ringside::shm {

static_assert(std::endian::native == std::endian::little, "the layout is little-endian");

inline constexpr std::uint64_t ring_magic = 0x65646973676e6972;  // "ringside" in memory
inline constexpr std::uint32_t ring_layout_version = 2;
inline constexpr std::uint32_t page_size = 4096;  // sizes in the file; a larger system page is a multiple
inline constexpr std::size_t topic_bytes = 256;
inline constexpr std::size_t boot_id_bytes = 16;

/// What a writer tells of its ring, in words that only it stores: sums since the ring was made, and states of now. They are
/// on lines of their own, since who looks at them is never the one that reads events.
struct RingCounters {
  // Line 7: told once a batch.
  std::uint64_t events = 0;           // published
  std::uint64_t bytes = 0;            // of their payloads
  std::uint64_t bells = 0;            // wake-ups
  std::uint64_t rolls = 0;            // changes of the segment
  std::uint64_t withdrawn = 0;        // segments that left the window
  std::uint64_t window_segments = 0;  // now: segments that can be read
  std::uint64_t set_aside = 0;        // now: segments that left the window and are pinned still
  std::uint64_t subscribers = 0;      // now
  // Line 8: told when it changes, which is seldom.
  std::uint64_t shrunk = 0;          // segments withdrawn before the window was full, for want of backing
  std::uint64_t backing_failed = 0;  // steps that the system refused
  std::uint64_t no_space = 0;        // publishes refused
  std::uint64_t evicted = 0;         // reliable subscriptions that fell too far behind
  std::uint64_t large_events = 0;    // events in segments of their own
  std::uint64_t backed_bytes = 0;  // now: of the object, those that have pages; large segments not among them
  std::uint64_t keyframes = 0;     // published, and not among the events
  std::uint64_t keyframe_bytes = 0;  // of their payloads
};

struct RingHeader {
  // Line 0: what must be believed before anything else. The magic is stored last.
  std::uint64_t magic;
  std::uint32_t layout_version;
  std::uint32_t header_size;
  std::uint64_t fingerprint;
  std::uint32_t segment_size;
  std::uint32_t window_segments;
  std::uint32_t subscription_max;
  std::uint32_t pins_per_subscription;
  std::uint32_t pool_segments;
  std::uint32_t reliable_segments;
  std::uint64_t object_size;
  std::uint64_t first_sequence;
  // Line 1: whose events these are.
  std::uint64_t incarnation;
  std::uint8_t boot_id[boot_id_bytes];
  std::uint32_t topic_size;
  std::uint32_t large_segments;
  std::uint32_t large_segment_size;
  std::uint8_t reserved0[28];
  // Lines 2 to 5.
  char topic[topic_bytes];
  // Line 6: alone, since it is written while readers look.
  std::uint64_t keyframe_position;
  std::uint8_t reserved1[56];
  // Lines 7 and 8.
  RingCounters counters;
};

struct SegmentEntry {
  std::uint64_t generation;      // 1, 2, 3, ... in each ring, never used again; 0 = withdrawn
  std::uint64_t first_sequence;  // of the first record; valid while the generation stands
  std::uint64_t offset;          // in the object
  std::uint64_t length;
};

struct RecordHeader {
  std::uint64_t commit;
  std::int64_t time_ns;
  std::uint32_t kind;
  std::uint32_t reserved;
};

struct LinkRecord {
  std::uint64_t commit;
  std::uint64_t generation;
};

static_assert(offsetof(RingHeader, magic) == 0);
static_assert(offsetof(RingHeader, layout_version) == 8);
static_assert(offsetof(RingHeader, header_size) == 12);
static_assert(offsetof(RingHeader, fingerprint) == 16);
static_assert(offsetof(RingHeader, segment_size) == 24);
static_assert(offsetof(RingHeader, window_segments) == 28);
static_assert(offsetof(RingHeader, subscription_max) == 32);
static_assert(offsetof(RingHeader, pins_per_subscription) == 36);
static_assert(offsetof(RingHeader, pool_segments) == 40);
static_assert(offsetof(RingHeader, reliable_segments) == 44);
static_assert(offsetof(RingHeader, object_size) == 48);
static_assert(offsetof(RingHeader, first_sequence) == 56);
static_assert(offsetof(RingHeader, incarnation) == 64);
static_assert(offsetof(RingHeader, boot_id) == 72);
static_assert(offsetof(RingHeader, topic_size) == 88);
static_assert(offsetof(RingHeader, large_segments) == 92);
static_assert(offsetof(RingHeader, large_segment_size) == 96);
static_assert(offsetof(RingHeader, topic) == 128);
static_assert(offsetof(RingHeader, keyframe_position) == 384);
static_assert(offsetof(RingHeader, counters) == 448);
static_assert(offsetof(RingCounters, shrunk) == 64 && sizeof(RingCounters) == 128);
static_assert(sizeof(RingHeader) == 576 && alignof(RingHeader) == 8);
static_assert(offsetof(SegmentEntry, generation) == 0);
static_assert(offsetof(SegmentEntry, first_sequence) == 8);
static_assert(offsetof(SegmentEntry, offset) == 16);
static_assert(offsetof(SegmentEntry, length) == 24);
static_assert(sizeof(SegmentEntry) == 32);
static_assert(offsetof(RecordHeader, commit) == 0);
static_assert(offsetof(RecordHeader, time_ns) == 8);
static_assert(offsetof(RecordHeader, kind) == 16);
static_assert(sizeof(RecordHeader) == 24);
static_assert(offsetof(LinkRecord, generation) == 8);
static_assert(sizeof(LinkRecord) == 16);

inline constexpr std::uint32_t record_header_size = sizeof(RecordHeader);
inline constexpr std::uint32_t link_size = sizeof(LinkRecord);

inline constexpr unsigned commit_length_shift = 32;
inline constexpr std::uint64_t commit_length_mask = ((std::uint64_t{1} << 28) - 1) << commit_length_shift;
inline constexpr std::uint64_t commit_committed = std::uint64_t{1} << 60;
inline constexpr std::uint64_t commit_link = std::uint64_t{1} << 61;
inline constexpr std::uint64_t commit_keyframe = std::uint64_t{1} << 62;

/// The commit word of a record of length 0: what differs from it in a record of this
/// sequence is the length alone.
[[nodiscard]] constexpr std::uint64_t commit_word_base(std::uint64_t sequence) noexcept {
  return commit_committed | static_cast<std::uint32_t>(sequence);
}
[[nodiscard]] constexpr std::uint64_t commit_word(std::uint64_t sequence, std::uint32_t length) noexcept {
  return commit_word_base(sequence) | (std::uint64_t{length} << commit_length_shift);
}
[[nodiscard]] constexpr std::uint64_t link_word(std::uint64_t next_sequence,
                                                std::uint32_t physical) noexcept {
  return commit_word(next_sequence, physical) | commit_link;
}
/// `sequence` is that of the last event that the keyframe includes.
[[nodiscard]] constexpr std::uint64_t keyframe_word(std::uint64_t sequence, std::uint32_t length) noexcept {
  return commit_word(sequence, length) | commit_keyframe;
}
[[nodiscard]] constexpr bool is_keyframe(std::uint64_t word) noexcept {
  return word >> 60 == (commit_committed | commit_keyframe) >> 60;
}
[[nodiscard]] constexpr bool is_link(std::uint64_t word) noexcept {
  return word >> 60 == (commit_committed | commit_link) >> 60;
}
/// The sequence behind a keyframe, from its word and the first sequence of its segment, which is not after it.
[[nodiscard]] constexpr std::uint64_t sequence_behind(std::uint64_t word,
                                                      std::uint64_t first_sequence) noexcept {
  return first_sequence + static_cast<std::uint32_t>(word + 1 - first_sequence);
}
[[nodiscard]] constexpr std::uint64_t keyframe_position(std::uint64_t generation, std::uint64_t offset,
                                                        std::uint32_t segment_size) noexcept {
  return generation * segment_size + offset;
}
[[nodiscard]] constexpr std::uint32_t offset_of_position(std::uint64_t position,
                                                         std::uint32_t segment_size) noexcept {
  return static_cast<std::uint32_t>(position & (segment_size - 1));
}
[[nodiscard]] constexpr std::uint32_t length_bits(std::uint64_t word) noexcept {
  return static_cast<std::uint32_t>((word & commit_length_mask) >> commit_length_shift);
}

/// A record begins at most this far into its cache line.
inline constexpr std::uint64_t line_offset_max = 32;

/// Where the record after the one at `offset` begins: at the next multiple of 8, or, where its line has no room
/// for the header and a few bytes more, on the next line. So a small record is one line, and the word that a
/// reader polls is on a line that holds little else (docs/adr/0003-where-a-record-begins.md).
[[nodiscard]] constexpr std::uint64_t next_place(std::uint64_t offset, std::uint64_t length) noexcept {
  const std::uint64_t end = (offset + record_header_size + length + 7) & ~std::uint64_t{7};
  const std::uint64_t next_line = (end + 63) & ~std::uint64_t{63};
  return (end & 63) > line_offset_max ? next_line : end;
}
/// The last place where a record's successor, or the LINK, may begin in a segment of `size` bytes.
[[nodiscard]] constexpr std::uint32_t last_place(std::uint32_t size) noexcept {
  return size - link_size;
}
/// The largest length whose successor still has a place.
[[nodiscard]] constexpr std::uint32_t payload_size_max(std::uint32_t segment_size) noexcept {
  return segment_size - static_cast<std::uint32_t>(line_offset_max) - record_header_size;
}

/// FNV-1a over every size and offset that two builds must agree on.
[[nodiscard]] consteval std::uint64_t ring_fingerprint() noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::uint64_t fact : {std::uint64_t{sizeof(RingHeader)},
                                   std::uint64_t{offsetof(RingHeader, segment_size)},
                                   std::uint64_t{offsetof(RingHeader, object_size)},
                                   std::uint64_t{offsetof(RingHeader, incarnation)},
                                   std::uint64_t{offsetof(RingHeader, topic)},
                                   std::uint64_t{offsetof(RingHeader, keyframe_position)},
                                   std::uint64_t{offsetof(RingHeader, large_segment_size)},
                                   std::uint64_t{offsetof(RingHeader, counters)},
                                   std::uint64_t{offsetof(RingCounters, shrunk)},
                                   std::uint64_t{offsetof(RingCounters, backed_bytes)},
                                   std::uint64_t{offsetof(RingCounters, keyframe_bytes)},
                                   std::uint64_t{sizeof(SegmentEntry)},
                                   std::uint64_t{offsetof(SegmentEntry, first_sequence)},
                                   std::uint64_t{offsetof(SegmentEntry, offset)},
                                   std::uint64_t{sizeof(RecordHeader)},
                                   std::uint64_t{offsetof(RecordHeader, time_ns)},
                                   std::uint64_t{offsetof(RecordHeader, kind)},
                                   std::uint64_t{sizeof(LinkRecord)},
                                   commit_length_mask,
                                   commit_committed,
                                   commit_link,
                                   keyframe_word(0, 1),
                                   keyframe_position(1, 8, 4096),
                                   next_place(0, 32),
                                   next_place(0, 33),
                                   std::uint64_t{page_size}}) {
    hash = (hash ^ fact) * 0x100000001b3;
  }
  return hash;
}

}  // namespace ringside::shm
