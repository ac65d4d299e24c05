// SPDX-License-Identifier: Apache-2.0
#include "shm/ring_object.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "shm/attached_ring.hpp"
#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

std::string object_name() {
  return "/ringside.object." + std::to_string(::getpid());
}

TEST(RingObject, IsCreatedOnceAndNeverAdopted) {
  auto object = RingObject::create(object_name(), small_geometry, {"topic", 1, {}});
  ASSERT_TRUE(object);
  const auto second = RingObject::create(object_name(), small_geometry, {"topic", 1, {}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, RingCreateFault::exists);
  EXPECT_TRUE(object->remove());
  EXPECT_FALSE(object->remove());
}

TEST(RingObject, RefusesWhatItCannotHold) {
  EXPECT_EQ(RingObject::create(object_name(), {.segment_size = 5000}, {"topic", 1, {}}).error().fault,
            RingCreateFault::bad_geometry);
  EXPECT_EQ(RingObject::create(object_name(), {}, {"", 1, {}}).error().fault, RingCreateFault::bad_topic);
  EXPECT_EQ(RingObject::create(object_name(), {}, {std::string(257, 'x'), 1, {}}).error().fault,
            RingCreateFault::bad_topic);
}

TEST(RingObject, BelongsToItsOwnerAloneUnderAnyUmask) {
  for (const ::mode_t mask : {0000U, 0077U, 0777U}) {
    const auto old = ::umask(mask);
    auto object = RingObject::create(object_name(), small_geometry, {"topic", 1, {}});
    ::umask(old);
    ASSERT_TRUE(object) << std::oct << mask;
    object->remove();
    struct ::stat status {};
    ASSERT_EQ(::fstat(object->read_only_descriptor().value().get(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << std::oct << mask;
  }
}

TEST(RingObject, GivesAwayADescriptorThatCannotWrite) {
  auto object = RingObject::create(object_name(), small_geometry, {"topic", 1, {}});
  object->remove();
  const Descriptor descriptor = std::move(object->read_only_descriptor().value());
  EXPECT_EQ(::fcntl(descriptor.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_NE(::fcntl(descriptor.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0), MAP_FAILED);
  EXPECT_EQ(::ftruncate(descriptor.get(), 0), -1);
}

TEST(RingObject, CarriesWhoseEventsItHolds) {
  RingIdentity identity{"agent_server:conversation-123", 1234567, read_boot_id().value()};
  auto object = RingObject::create(object_name(), {}, identity, 99);
  object->remove();
  const auto attached = AttachedRing::attach(std::move(object->read_only_descriptor().value()), ::getuid());
  ASSERT_TRUE(attached);
  EXPECT_EQ(attached->identity(), identity);
  EXPECT_EQ(attached->geometry(), RingGeometry{});
}

TEST(RingObject, GrowsAsItIsUsedAndIsNeverSparse) {
  auto object = RingObject::create(object_name(), {}, {"topic", 1, {}});
  object->remove();
  const Descriptor descriptor = std::move(object->read_only_descriptor().value());
  RingWriter writer(object->memory(), object->backing(), 1);
  for (int i = 0; i < 20000; ++i) {
    if (i % 1000 == 0) {
      struct ::stat status {};
      ASSERT_EQ(::fstat(descriptor.get(), &status), 0);
      EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), writer.backed_bytes());
      EXPECT_GE(status.st_blocks * 512, status.st_size);
    }
    ASSERT_TRUE(writer.publish(payload_of(writer.next_sequence(), 200), 1, 1));
  }
  EXPECT_EQ(writer.backed_bytes(), RingGeometry{}.segment_offset(16));
}

TEST(RingObject, IsNotInheritedByAFork) {
  auto object = RingObject::create(object_name(), small_geometry, {"topic", 1, {}});
  object->remove();
  const auto attached = AttachedRing::attach(std::move(object->read_only_descriptor().value()), ::getuid());
  // Whether a page is mapped, without touching it.
  const auto mapped = [](const void* word) {
    const auto page = reinterpret_cast<std::uintptr_t>(word) & ~std::uintptr_t{4095};
    unsigned char resident = 0;
    return ::mincore(reinterpret_cast<void*>(page), 1, &resident) == 0 || errno != ENOMEM;
  };
  const void* ours = &object->view().generation(0);
  const void* theirs = &attached->view().generation(0);
  ASSERT_TRUE(mapped(ours) && mapped(theirs));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(mapped(ours) || mapped(theirs) ? 1 : 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace ringside::shm
