// SPDX-License-Identifier: Apache-2.0
//
// A topic's ring, read from its object in the file system: needs no daemon, and works after one has died.
//
//     auto ring = ringside::RingFile::open("/dev/shm/ringside.0123456789abcdef.fedcba9876543210");
//     ring->read({.event = [](const ringside::Event& event) { ... }});
//
// Threads    one at a time uses a ring file; several may be open of one ring.
// Progress   read() looks at the table once and then at each segment once, however fast the ring is written meanwhile.
// Isolation  opened and mapped read-only: neither agentd nor its clients know of it.
// Ordering   ascending sequences, each event once.
// Loss       of a ring that is written meanwhile, what was overwritten before it could be read is told as a gap.
// Trust      none: sizes, header, table and every record are checked before they are believed, every event as agentd
//            checks a stranger's, and nothing behind the file's end is touched. Only a file that becomes shorter during
//            a read still ends the process (SIGBUS), as it does with every mapped file; agentd never makes one shorter.
// Memory     address space of the whole declared geometry, and one segment.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ringside/event.hpp>
#include <ringside/expected.hpp>
#include <ringside/stats.hpp>
#include <ringside/subscription.hpp>

namespace ringside {

/// Why `RingFile::open` gave no ring.
enum class RingFileFault : std::uint8_t {
  no_file,      ///< nothing of that name
  not_allowed,  ///< the file system refuses this user
  not_a_ring,   ///< something else, or a ring that is damaged where it says what it is
  other_build,  ///< a ring of another layout version: the release that wrote it can read it
  system,       ///< out of descriptors, memory or address space: see `error_number`
};

/// `error_number` is the errno behind the fault, 0 where there is none. `message` is one line for people.
struct RingFileError {
  RingFileFault fault;
  int error_number;
  std::string message;
};

/// What the ring says of itself, once for all.
struct RingFacts {
  std::string topic = {};  ///< as the file has it: any bytes
  std::uint64_t incarnation = 0;
  std::array<std::uint8_t, 16> boot_id = {};
  bool this_boot = false;  ///< whether it was made since this machine was started
  std::uint32_t layout_version = 0;
  std::uint32_t segment_size = 0;
  std::uint32_t window_segments = 0;
  std::uint32_t subscription_max = 0;
  std::uint32_t pins_per_subscription = 0;
  std::uint32_t reliable_segments = 0;
  std::uint32_t pool_segments = 0;
  std::uint32_t large_segments = 0;
  std::uint32_t large_segment_size = 0;
  std::uint64_t object_size = 0;  ///< what it may grow to
};

/// A segment that can be read.
struct RingSegment {
  std::uint32_t index = 0;
  std::uint64_t generation = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t offset = 0;        ///< in the file
  std::uint64_t backed_bytes = 0;  ///< how much of it the file has
};

/// Something that no agentd writes. After a damaged event the next one is looked for; of what is behind any other damage
/// the segment's rest cannot be read.
struct RingDamage {
  std::uint64_t sequence = 0;  ///< of the event that should be there
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;  ///< in the file
  std::string reason = {};
};

/// Who is told what read() finds, in the order of the ring. Empty: nobody.
struct RingFileHandlers {
  std::function<void(const Event&)> event = {};  ///< good during the call
  /// A keyframe: the state up to its sequence, between the events; good during the call.
  std::function<void(const Event&)> snapshot = {};
  std::function<void(const Gap&)> gap = {};
  std::function<void(const RingDamage&)> damage = {};
};

/// What a read came to.
struct RingReading {
  std::uint64_t events = 0;  ///< handed out
  std::uint64_t snapshots = 0;
  std::uint64_t damages = 0;
  std::uint64_t next_sequence =
      0;  ///< of the event behind the last one that is there; 0: no segment could be read
  std::int64_t last_time_ns = 0;  ///< when the last one was accepted; 0: there is none
};

class RingFile {
 public:
  /// Opens and checks the object at `path`: a regular file that only its owner may open.
  static expected<RingFile, RingFileError> open(const std::string& path);

  RingFile(RingFile&&) noexcept;
  RingFile& operator=(RingFile&&) noexcept;
  ~RingFile();

  const RingFacts& facts() const noexcept;

  /// What its agentd counted, up to its last batch.
  RingCounts counts() const noexcept;

  /// The file's size now: what of the ring has its pages.
  std::uint64_t size() const noexcept;

  /// The segments that can be read now, the oldest first.
  std::vector<RingSegment> segments() const;

  /// Reads all that is there now. Events before sequence `from` are passed over unchecked.
  RingReading read(const RingFileHandlers& handlers, std::uint64_t from = 0) const;

 private:
  struct State;
  explicit RingFile(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

/// The paths of this user's rings in /dev/shm, by name; those of a dead agentd stay there until the next one of its
/// namespace starts.
std::vector<std::string> find_ring_files();

/// The enumerator's own name, e.g. "not_a_ring".
std::string_view fault_name(RingFileFault fault) noexcept;

}  // namespace ringside
