// SPDX-License-Identifier: Apache-2.0
//
// A ring's shared memory, as agentd owns it.
//
// Threads   : made, removed and ended by one thread; descriptors from any.
// Progress  : create() makes system calls, about ten; the ring's own paths are elsewhere.
// Isolation : mode 0600 whatever the umask, unpredictable names by the caller, create_only: never somebody
//             else's object. Others get a descriptor that was opened read-only and cannot be made writable by
//             another user. The mapping is not inherited by a fork.
// Ordering  : E6 the magic, stored last, release -> acquire in check_ring().
// Crash     : before the magic the object is not a ring: who finds it finds no_magic. A name left
//             behind is swept by the next daemon. The name is not removed by the destructor: a
//             successor reads the old ring.
// Memory    : header and first step are backed before create() returns, the rest is address space only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/interprocess/mapped_region.hpp>
#include <boost/interprocess/shared_memory_object.hpp>

#include "shm/descriptor.hpp"
#include "shm/expected.hpp"
#include "shm/large_segments.hpp"
#include "shm/ring_backing.hpp"
#include "shm/ring_identity.hpp"
#include "shm/ring_memory.hpp"

namespace ringside::shm {

enum class RingCreateFault : std::uint8_t {
  bad_geometry,
  bad_topic,  // empty, or longer than topic_bytes
  exists,     // the name is taken: choose another one
  no_space,   // the system has no page left, or no address space
  refused,    // anything else the system said
};

struct RingCreateError {
  RingCreateFault fault;
  int error_number = 0;  // errno, 0 where none applies
};

[[nodiscard]] std::string_view describe(RingCreateFault fault) noexcept;

class RingObject {
 public:
  /// A new ring under `name` (as shm_open takes it, with its leading slash).
  /// On an error nothing is left behind.
  [[nodiscard]] static expected<RingObject, RingCreateError> create(std::string name,
                                                                    const RingGeometry& geometry,
                                                                    const RingIdentity& identity,
                                                                    std::uint64_t first_sequence = 1);

  /// For the one RingWriter of this ring: RingWriter(object.memory(), object.backing(),
  /// object.first_sequence()). Both refer to this object's mapping, which outlives the writer.
  [[nodiscard]] RingMemory memory() const noexcept;
  [[nodiscard]] RingBacking backing() const noexcept;

  /// For events that fit into no segment of the pool. Refers to this object as well.
  [[nodiscard]] LargeSegments large_segments() const noexcept;

  /// The same bytes for a reader of this process.
  [[nodiscard]] RingView view() const noexcept;

  /// A descriptor to be given away: opened read-only, close-on-exec, an open file of its own.
  /// The error is an errno.
  [[nodiscard]] expected<Descriptor, int> read_only_descriptor() const noexcept;

  /// Takes the name away; who has mapped the ring keeps it. False if the name was not there.
  bool remove() noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const RingGeometry& geometry() const noexcept { return geometry_; }
  [[nodiscard]] std::uint64_t first_sequence() const noexcept { return first_sequence_; }
  [[nodiscard]] std::uint64_t object_size() const noexcept { return geometry_.object_size(); }

 private:
  RingObject() = default;
  [[nodiscard]] expected<void, RingCreateError> prepare(const RingIdentity& identity);
  void write_header(const RingIdentity& identity) const noexcept;
  [[nodiscard]] std::byte* base() const noexcept { return static_cast<std::byte*>(region_.get_address()); }

  std::string name_;
  RingGeometry geometry_;
  std::uint64_t first_sequence_ = 1;
  std::uint64_t backed_ = 0;
  boost::interprocess::shared_memory_object object_;
  boost::interprocess::mapped_region region_;
};

}  // namespace ringside::shm
