// SPDX-License-Identifier: Apache-2.0
#include "shm/ring_object.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <fmt/format.h>

namespace ringside::shm {

namespace ipc = boost::interprocess;

namespace {

constexpr ::mode_t object_mode = 0600;

RingCreateFault fault_of_errno(int error_number) noexcept {
  switch (error_number) {
    case EEXIST:
      return RingCreateFault::exists;
    case ENOSPC:
    case ENOMEM:
    case EDQUOT:
      return RingCreateFault::no_space;
    default:
      return RingCreateFault::refused;
  }
}

tl::unexpected<RingCreateError> refused(int error_number) {
  return unexpected(RingCreateError{fault_of_errno(error_number), error_number});
}

}  // namespace

std::string_view describe(RingCreateFault fault) noexcept {
  switch (fault) {
    case RingCreateFault::bad_geometry:
      return "an impossible geometry";
    case RingCreateFault::bad_topic:
      return "a topic name that is empty or too long";
    case RingCreateFault::exists:
      return "the object's name is taken";
    case RingCreateFault::no_space:
      return "no shared memory left";
    case RingCreateFault::refused:
      return "the system refused the object";
  }
  return "an unknown fault";
}

expected<RingObject, RingCreateError> RingObject::create(std::string name, const RingGeometry& geometry,
                                                         const RingIdentity& identity,
                                                         std::uint64_t first_sequence) {
  if (shm::fault_of(geometry)) return unexpected(RingCreateError{RingCreateFault::bad_geometry});
  if (identity.topic.empty() || identity.topic.size() > topic_bytes)
    return unexpected(RingCreateError{RingCreateFault::bad_topic});
  RingObject ring;
  ring.name_ = std::move(name);
  ring.geometry_ = geometry;
  ring.first_sequence_ = first_sequence;
  try {
    ring.object_ = ipc::shared_memory_object(ipc::create_only, ring.name_.c_str(), ipc::read_write,
                                             ipc::permissions(object_mode));
  } catch (const ipc::interprocess_exception& error) {
    return refused(error.get_native_error());
  }
  auto prepared = ring.prepare(identity);
  if (!prepared) {
    ring.remove();
    return unexpected(prepared.error());
  }
  return ring;
}

expected<void, RingCreateError> RingObject::prepare(const RingIdentity& identity) {
  const int fd = object_.get_mapping_handle().handle;
  // The umask may have taken rights from the owner.
  if (::fchmod(fd, object_mode) != 0) return refused(errno);
  const std::uint64_t first_step =
      std::min<std::uint64_t>(RingBacking::step_size, geometry_.pool_end() - geometry_.header_size());
  backed_ = geometry_.header_size() + first_step;
  if (const int error = allocate(fd, 0, backed_); error != 0) return refused(error);
  try {
    region_ =
        ipc::mapped_region(object_, ipc::read_write, 0, static_cast<std::size_t>(geometry_.object_size()));
  } catch (const ipc::interprocess_exception& error) {
    return refused(error.get_native_error() != 0 ? error.get_native_error() : ENOMEM);
  }
  if (::madvise(region_.get_address(), region_.get_size(), MADV_DONTFORK) != 0) return refused(errno);
  write_header(identity);
  return {};
}

void RingObject::write_header(const RingIdentity& identity) const noexcept {
  auto* header = new (base()) RingHeader{};
  header->layout_version = ring_layout_version;
  header->header_size = geometry_.header_size();
  header->fingerprint = ring_fingerprint();
  header->segment_size = geometry_.segment_size;
  header->window_segments = geometry_.window_segments;
  header->subscription_max = geometry_.subscription_max;
  header->pins_per_subscription = geometry_.pins_per_subscription;
  header->pool_segments = geometry_.pool_segments();
  header->reliable_segments = geometry_.reliable_segments;
  header->large_segments = geometry_.large_segments;
  header->large_segment_size = geometry_.large_segment_size;
  header->object_size = geometry_.object_size();
  header->first_sequence = first_sequence_;
  header->incarnation = identity.incarnation;
  std::copy(identity.boot_id.begin(), identity.boot_id.end(), header->boot_id);
  header->topic_size = static_cast<std::uint32_t>(identity.topic.size());
  std::copy(identity.topic.begin(), identity.topic.end(), header->topic);
  for (std::uint32_t index = 0; index < geometry_.table_entries(); ++index) {
    auto* entry = new (base() + sizeof(RingHeader) + index * sizeof(SegmentEntry)) SegmentEntry{};
    entry->offset = geometry_.segment_offset(index);
    entry->length = geometry_.segment_length(index);
  }
  // E6: the header, whole.
  RingMemory::Segment(base()).word(offsetof(RingHeader, magic)).store(ring_magic, std::memory_order::release);
}

RingMemory RingObject::memory() const noexcept {
  return {base(), geometry_};
}

RingBacking RingObject::backing() const noexcept {
  return {object_.get_mapping_handle().handle, base(), backed_, geometry_.pool_end()};
}

LargeSegments RingObject::large_segments() const noexcept {
  return LargeSegments(LargePages(object_.get_mapping_handle().handle, base(), geometry_));
}

RingView RingObject::view() const noexcept {
  return {base(), geometry_};
}

expected<Descriptor, int> RingObject::read_only_descriptor() const noexcept {
  // By the descriptor and not by the name, which somebody may have taken away.
  // A duplicate would keep our rights.
  const std::string path = fmt::format("/proc/self/fd/{}", object_.get_mapping_handle().handle);
  Descriptor reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!reader) return unexpected(errno);
  return reader;
}

bool RingObject::remove() noexcept {
  return ipc::shared_memory_object::remove(name_.c_str());
}

}  // namespace ringside::shm
