// SPDX-License-Identifier: Apache-2.0
#include "shm/attached_ring.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace ringside::shm {

namespace ipc = boost::interprocess;

namespace {

/// What mapped_region wants to map from: a descriptor that came from elsewhere.
struct ReceivedMemory {
  int fd;
  [[nodiscard]] ipc::mapping_handle_t get_mapping_handle() const noexcept { return {fd, false}; }
  [[nodiscard]] ipc::mode_t get_mode() const noexcept { return ipc::read_only; }
};

tl::unexpected<RingAttachError> refused(AttachFault fault, int error_number = 0) {
  return unexpected(RingAttachError{fault, RingFault::too_small, error_number});
}

expected<ipc::mapped_region, RingAttachError> map(int fd, std::uint64_t size) noexcept {
  try {
    ipc::mapped_region region(ReceivedMemory{fd}, ipc::read_only, 0, static_cast<std::size_t>(size));
    if (::madvise(region.get_address(), region.get_size(), MADV_DONTFORK) != 0)
      return refused(AttachFault::not_mapped, errno);
    return region;
  } catch (const ipc::interprocess_exception& error) {
    return refused(AttachFault::not_mapped, error.get_native_error());
  }
}

/// As much of a file as header and table can be long.
std::uint64_t header_size_limit() noexcept {
  return RingGeometry{.segment_size = segment_size_max,
                      .window_segments = window_segments_max,
                      .subscription_max = subscription_limit,
                      .pins_per_subscription = pins_max,
                      .reliable_segments = reliable_segments_max,
                      .large_segments = large_segments_max}
      .header_size();
}

}  // namespace

std::string_view describe(const RingAttachError& error) noexcept {
  switch (error.fault) {
    case AttachFault::not_regular:
      return "not a shared memory object";
    case AttachFault::wrong_owner:
      return "an object of another user than the daemon's";
    case AttachFault::wrong_mode:
      return "an object that others than its owner may open";
    case AttachFault::writable:
      return "a descriptor that is not read-only";
    case AttachFault::not_a_ring:
      return describe(error.ring);
    case AttachFault::not_mapped:
      return "the system refused to map the ring";
  }
  return "an unknown fault";
}

expected<AttachedRing, RingAttachError> AttachedRing::attach(Descriptor received, ::uid_t owner) noexcept {
  struct ::stat status {};
  if (::fstat(received.get(), &status) != 0) return refused(AttachFault::not_mapped, errno);
  if (!S_ISREG(status.st_mode)) return refused(AttachFault::not_regular);
  if (status.st_uid != owner) return refused(AttachFault::wrong_owner);
  if ((status.st_mode & 0077) != 0) return refused(AttachFault::wrong_mode);
  const int flags = ::fcntl(received.get(), F_GETFL);
  if (flags < 0) return refused(AttachFault::not_mapped, errno);
  if ((flags & O_ACCMODE) != O_RDONLY) return refused(AttachFault::writable);
  const auto file_size = static_cast<std::uint64_t>(status.st_size);
  if (file_size < page_size)
    return unexpected(RingAttachError{AttachFault::not_a_ring, RingFault::too_small});

  const std::uint64_t looked_at = std::min(file_size / page_size * page_size, header_size_limit());
  const auto head = map(received.get(), looked_at);
  if (!head) return unexpected(head.error());
  const auto geometry = check_ring(
      {static_cast<const std::byte*>(head->get_address()), static_cast<std::size_t>(looked_at)}, file_size);
  if (!geometry) return unexpected(RingAttachError{AttachFault::not_a_ring, geometry.error()});

  auto whole = map(received.get(), geometry->object_size());
  if (!whole) return unexpected(whole.error());
  return AttachedRing(*geometry, std::move(*whole));
}

AttachedRing::AttachedRing(const RingGeometry& geometry, ipc::mapped_region region) noexcept
    : geometry_(geometry), region_(std::move(region)) {}

RingView AttachedRing::view() const noexcept {
  return {static_cast<const std::byte*>(region_.get_address()), geometry_};
}

RingIdentity AttachedRing::identity() const {
  const auto& header = *static_cast<const RingHeader*>(region_.get_address());
  RingIdentity identity;
  identity.topic.assign(header.topic, std::min<std::size_t>(header.topic_size, topic_bytes));
  identity.incarnation = header.incarnation;
  std::copy(std::begin(header.boot_id), std::end(header.boot_id), identity.boot_id.begin());
  return identity;
}

}  // namespace ringside::shm
