// SPDX-License-Identifier: Apache-2.0
#include "shm/session_page.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace ringside::shm {
namespace {

constexpr int page_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

Descriptor memfd(std::size_t size, int seals) {
  Descriptor made(::memfd_create("ringside-test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::ftruncate(made.get(), static_cast<off_t>(size)), 0);
  EXPECT_EQ(::fcntl(made.get(), F_ADD_SEALS, seals), 0);
  return made;
}

/// As long as it lives, writes whatever it likes into the page, as a hostile client would.
class Scribbler {
 public:
  explicit Scribbler(const SessionPage& page)
      : bytes_(static_cast<std::byte*>(::mmap(nullptr, session_page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                                              page.descriptor().get(), 0))) {}
  ~Scribbler() { ::munmap(bytes_, session_page_size); }
  Scribbler(const Scribbler&) = delete;
  Scribbler& operator=(const Scribbler&) = delete;

  template <class T>
  void write(std::size_t offset, T value) {
    std::memcpy(bytes_ + offset, &value, sizeof value);
  }
  template <class T>
  [[nodiscard]] T read(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes_ + offset, sizeof value);
    return value;
  }
  void write_everywhere(std::mt19937& random) {
    for (std::size_t i = 0; i < session_page_size; i += sizeof(std::uint32_t))
      write(i, static_cast<std::uint32_t>(random()));
  }

 private:
  std::byte* bytes_;
};

TEST(SessionPage, IsTheSameMemoryOnBothSides) {
  auto daemon = SessionPage::create(77, 6);
  ASSERT_TRUE(daemon);
  auto client = SessionPage::attach(daemon->descriptor().duplicate());
  ASSERT_TRUE(client);
  EXPECT_EQ(client->session(), 77U);

  client->pins(6)[3].store(12, std::memory_order::seq_cst);
  EXPECT_EQ(daemon->pins(6)[3].load(std::memory_order::seq_cst), 12U);
  client->acknowledged(63)->store(13, std::memory_order::release);
  EXPECT_EQ(daemon->acknowledged(63)->load(std::memory_order::acquire), 13U);
  client->wake_flag()->store(1, std::memory_order::relaxed);
  EXPECT_EQ(daemon->wake_flag()->load(std::memory_order::relaxed), 1U);
  EXPECT_EQ(daemon->heartbeat(), 0U);
  client->beat();
  EXPECT_EQ(daemon->heartbeat(), 1U);

  daemon->clear_line(6);
  daemon->clear_line(63);
  EXPECT_EQ(client->pins(6)[3].load(std::memory_order::relaxed), 0U);
  EXPECT_EQ(client->acknowledged(63)->load(std::memory_order::relaxed), 0U);
}

TEST(SessionPage, HasTheBytesOfItsLayout) {
  auto page = SessionPage::create(0x1122334455667788, 2);
  ASSERT_TRUE(page);
  page->wake_flag()->store(1, std::memory_order::relaxed);
  page->beat();
  page->pins(6)[0].store(0xa0, std::memory_order::relaxed);
  page->pins(63)[3].store(0xa1, std::memory_order::relaxed);
  page->acknowledged(7)->store(0xa2, std::memory_order::relaxed);
  page->lost(7)->store(0xa3, std::memory_order::relaxed);
  page->evicted(7)->store(0xa4, std::memory_order::relaxed);
  const Scribbler bytes(*page);
  EXPECT_EQ(bytes.read<std::uint64_t>(0), 0x3167506564695352U);  // "RSidePg1"
  EXPECT_EQ(bytes.read<std::uint32_t>(8), 2U);
  EXPECT_EQ(bytes.read<std::uint32_t>(12), 3U) << "line 1 + slot % 4";
  EXPECT_EQ(bytes.read<std::uint64_t>(24), 0x1122334455667788U);
  EXPECT_EQ(bytes.read<std::uint32_t>(3 * 64), 1U);
  EXPECT_EQ(bytes.read<std::uint64_t>(5 * 64), 1U);
  EXPECT_EQ(bytes.read<std::uint64_t>(6 * 64), 0xa0U);
  EXPECT_EQ(bytes.read<std::uint64_t>(63 * 64 + 24), 0xa1U);
  EXPECT_EQ(bytes.read<std::uint64_t>(7 * 64 + 32), 0xa2U);
  EXPECT_EQ(bytes.read<std::uint64_t>(7 * 64 + 40), 0xa3U);
  EXPECT_EQ(bytes.read<std::uint64_t>(7 * 64 + 48), 0xa4U);
}

TEST(SessionPage, FlagsOfNeighbouringSlotsLieOnDifferentLines) {
  std::array<std::ptrdiff_t, 5> at{};
  for (std::uint32_t slot = 0; slot < at.size(); ++slot) {
    auto page = SessionPage::create(1, slot);
    ASSERT_TRUE(page);
    const auto* const first_pin = static_cast<const void*>(page->pins(subscription_line_first));
    at[slot] = static_cast<const std::byte*>(first_pin) -
               static_cast<const std::byte*>(static_cast<const void*>(page->wake_flag()));
  }
  EXPECT_EQ(at[0] - at[1], 64);
  EXPECT_EQ(at[0] - at[3], 3 * 64);
  EXPECT_EQ(at[0], at[4]);
}

TEST(SessionPage, CannotBeShrunkGrownOrUnsealedByItsClient) {
  auto page = SessionPage::create(1, 0);
  ASSERT_TRUE(page);
  const int fd = page->descriptor().get();
  EXPECT_EQ(::ftruncate(fd, 0), -1);
  EXPECT_EQ(::ftruncate(fd, 8192), -1);
  EXPECT_EQ(::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
  EXPECT_EQ(::fcntl(fd, F_GET_SEALS) & page_seals, page_seals);
  EXPECT_EQ(::fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(SessionPage, ReadsAsZeroWhereItsClientPunchesAHole) {
  auto page = SessionPage::create(1, 1);
  ASSERT_TRUE(page);
  page->beat();
  page->pins(8)[0].store(5, std::memory_order::relaxed);
  ASSERT_EQ(::fallocate(page->descriptor().get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
  EXPECT_EQ(page->heartbeat(), 0U);
  EXPECT_EQ(page->pins(8)[0].load(std::memory_order::relaxed), 0U);
  page->wake_flag()->store(1, std::memory_order::relaxed);
  EXPECT_EQ(page->wake_flag()->exchange(0, std::memory_order::acq_rel), 1U);
}

TEST(SessionPage, AgentdBelievesNothingThatAClientScribbles) {
  auto page = SessionPage::create(42, 3);
  ASSERT_TRUE(page);
  const auto* const flag = page->wake_flag();
  const auto* const pins = page->pins(9);
  Scribbler scribbler(*page);
  std::mt19937 random(7);
  for (int round = 0; round < 1000; ++round) {
    scribbler.write_everywhere(random);
    EXPECT_EQ(page->session(), 42U);
    EXPECT_EQ(page->wake_flag(), flag);
    EXPECT_EQ(page->pins(9), pins);
    static_cast<void>(page->heartbeat());
  }
}

TEST(SessionPage, RefusesWhatIsNoSealedPage) {
  const auto fault = [](Descriptor fd) { return SessionPage::attach(std::move(fd)).error().fault; };
  EXPECT_EQ(fault(Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC))), SessionPageFault::not_sealed);
  EXPECT_EQ(fault(Descriptor()), SessionPageFault::not_sealed);
  EXPECT_EQ(fault(memfd(4096, F_SEAL_GROW)), SessionPageFault::not_sealed);
  EXPECT_EQ(fault(memfd(4095, page_seals)), SessionPageFault::wrong_size);
  EXPECT_EQ(fault(memfd(8192, page_seals)), SessionPageFault::wrong_size);
  EXPECT_EQ(fault(memfd(0, page_seals)), SessionPageFault::wrong_size);
  EXPECT_EQ(fault(memfd(4096, page_seals)), SessionPageFault::not_a_page);
}

TEST(SessionPage, RefusesAnotherVersionFingerprintOrAFlagOutsideItsLines) {
  auto page = SessionPage::create(1, 0);
  ASSERT_TRUE(page);
  Scribbler bytes(*page);
  const auto fault = [&] {
    const auto attached = SessionPage::attach(page->descriptor().duplicate());
    return attached ? std::nullopt : std::optional(attached.error().fault);
  };
  EXPECT_EQ(fault(), std::nullopt);
  bytes.write(8, session_page_version + 1);
  EXPECT_EQ(fault(), SessionPageFault::wrong_version);
  bytes.write(8, session_page_version);
  bytes.write(16, session_page_fingerprint() + 1);
  EXPECT_EQ(fault(), SessionPageFault::wrong_version);
  bytes.write(16, session_page_fingerprint());
  for (const std::uint32_t line : {0U, 5U, 0xffff'ffffU}) {
    bytes.write(12, line);
    EXPECT_EQ(fault(), SessionPageFault::not_a_page);
  }
  bytes.write(12, 4U);
  EXPECT_EQ(fault(), std::nullopt);
  bytes.write(0, session_page_magic - 1);
  EXPECT_EQ(fault(), SessionPageFault::not_a_page);
}

TEST(SessionPage, IsNotThereAfterAFork) {
  auto page = SessionPage::create(1, 0);
  ASSERT_TRUE(page);
  const pid_t child = ::fork();
  if (child == 0) {
    // mincore tells whether something is mapped there, without touching it.
    unsigned char resident = 0;
    const auto line = reinterpret_cast<std::uintptr_t>(page->wake_flag());
    const int result = ::mincore(reinterpret_cast<void*>(line & ~std::uintptr_t{4095}), 4096, &resident);
    ::_exit(result == -1 && errno == ENOMEM ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace ringside::shm
