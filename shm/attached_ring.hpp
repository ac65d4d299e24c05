// SPDX-License-Identifier: Apache-2.0
//
// A ring as who was given its descriptor sees it.
//
// Threads   : made and ended by one; the view may be used by as many readers as one likes.
// Isolation : mapped read-only, whole, and not inherited by a fork.
// Ordering  : E6 of ring_object.hpp.
// Trust     : none before attach() has looked: a regular file of the expected owner that only its owner may
//             open, a descriptor that cannot write, check_ring(). Afterwards the geometry is our own copy.
//             The object's owner could still shrink it: that is the daemon, which never does.
// Memory    : address space of the whole declared geometry; pages as they are read.
#pragma once

#include <cstdint>
#include <string_view>

#include <sys/types.h>

#include <boost/interprocess/mapped_region.hpp>

#include "shm/descriptor.hpp"
#include "shm/expected.hpp"
#include "shm/ring_check.hpp"
#include "shm/ring_identity.hpp"
#include "shm/ring_memory.hpp"

namespace ringside::shm {

enum class AttachFault : std::uint8_t {
  not_regular,  // no file of memory at all
  wrong_owner,  // not the daemon's
  wrong_mode,   // others could have opened it
  writable,     // the descriptor has rights that a reader must not have
  not_a_ring,   // RingAttachError::ring says why
  not_mapped,   // the system refused, with errno
};

struct RingAttachError {
  AttachFault fault;
  RingFault ring = RingFault::too_small;  // of not_a_ring
  int error_number = 0;                   // of not_mapped
};

[[nodiscard]] std::string_view describe(const RingAttachError& error) noexcept;

class AttachedRing {
 public:
  /// Checks and maps what was received; the descriptor is closed when it returns.
  [[nodiscard]] static expected<AttachedRing, RingAttachError> attach(Descriptor received,
                                                                      ::uid_t owner) noexcept;

  /// Valid as long as this lives, moved or not.
  [[nodiscard]] RingView view() const noexcept;
  [[nodiscard]] const RingGeometry& geometry() const noexcept { return geometry_; }
  /// Whose events these are, as the header says.
  [[nodiscard]] RingIdentity identity() const;

 private:
  AttachedRing(const RingGeometry& geometry, boost::interprocess::mapped_region region) noexcept;

  RingGeometry geometry_;
  boost::interprocess::mapped_region region_;
};

}  // namespace ringside::shm
