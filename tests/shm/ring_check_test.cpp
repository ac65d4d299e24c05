// SPDX-License-Identifier: Apache-2.0
//
// Found bytes are hostile until they were checked.
#include "shm/ring_check.hpp"

#include <algorithm>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "shm/attached_ring.hpp"
#include "shm/ring_object.hpp"
#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

class RingCheck : public testing::Test {
 protected:
  RingCheck()
      : object_(RingObject::create("/ringside.check." + std::to_string(::getpid()), small_geometry,
                                   {"agent_server:a", 7, {}})
                    .value()) {
    object_.remove();
    RingWriter writer(object_.memory(), object_.backing(), 1);
    const auto* base = reinterpret_cast<const std::byte*>(&object_.view().generation(0)) - sizeof(RingHeader);
    bytes_.assign(base, base + small_geometry.header_size());
    file_size_ = small_geometry.header_size() + RingBacking::step_size;
  }

  /// The bytes in exactly their size, so that a sanitizer sees a step beyond.
  [[nodiscard]] auto check(const std::vector<std::byte>& bytes, std::uint64_t file_size) const {
    const std::vector<std::byte> exact(bytes.begin(), bytes.end());
    return check_ring(exact, file_size);
  }

  RingObject object_;
  std::vector<std::byte> bytes_;
  std::uint64_t file_size_ = 0;
};

TEST_F(RingCheck, BelievesARingAndCopiesItsGeometry) {
  EXPECT_EQ(check(bytes_, file_size_).value(), small_geometry);
  EXPECT_EQ(check(bytes_, small_geometry.object_size()).value(), small_geometry);
}

TEST_F(RingCheck, RejectsEveryFlippedBitOrFindsTheSameGeometry) {
  std::size_t rejected = 0;
  for (std::size_t bit = 0; bit < bytes_.size() * 8; ++bit) {
    auto flipped = bytes_;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto result = check(flipped, file_size_);
    if (!result) {
      ++rejected;
    } else {
      EXPECT_EQ(*result, small_geometry) << bit;
    }
  }
  EXPECT_GT(rejected, 56U * 8);
}

TEST_F(RingCheck, RefusesSizesThatNoRingHas) {
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{63}, std::uint64_t{4095}, file_size_ - 1,
        std::uint64_t{small_geometry.header_size()}, small_geometry.object_size() - 1,
        small_geometry.object_size() + 4096, ~std::uint64_t{0}}) {
    auto cut = bytes_;
    cut.resize(std::min<std::uint64_t>(cut.size(), size));
    EXPECT_FALSE(check(cut, size)) << size;
  }
}

TEST_F(RingCheck, NamesWhatIsWrongInTheOrderInWhichFieldsMayBeBelieved) {
  const auto with = [&](std::size_t offset, std::uint32_t value) {
    auto changed = bytes_;
    std::memcpy(changed.data() + offset, &value, sizeof value);
    return check(changed, file_size_).error();
  };
  EXPECT_EQ(with(offsetof(RingHeader, magic), 0), RingFault::no_magic);
  EXPECT_EQ(with(offsetof(RingHeader, layout_version), 1), RingFault::wrong_version);
  EXPECT_EQ(with(offsetof(RingHeader, fingerprint), 0), RingFault::fingerprint);
  EXPECT_EQ(with(offsetof(RingHeader, segment_size), 4097), RingFault::geometry);
  EXPECT_EQ(with(offsetof(RingHeader, segment_size), 0), RingFault::geometry);
  EXPECT_EQ(with(offsetof(RingHeader, window_segments), 0xffffffff), RingFault::geometry);
  EXPECT_EQ(with(offsetof(RingHeader, pins_per_subscription), 5), RingFault::geometry);
  EXPECT_EQ(with(offsetof(RingHeader, window_segments), 4), RingFault::header);
  EXPECT_EQ(with(sizeof(RingHeader) + offsetof(SegmentEntry, offset), 0), RingFault::table);
}

/// A file of our own as it may come out of a socket.
class FoundFile {
 public:
  FoundFile(const std::vector<std::byte>& bytes, std::uint64_t size, ::mode_t mode = 0600)
      : path_(testing::TempDir() + "ringside-found-" + std::to_string(::getpid())) {
    ::unlink(path_.c_str());
    Descriptor file(::open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(::ftruncate(file.get(), static_cast<off_t>(size)), 0);
    EXPECT_EQ(::fchmod(file.get(), mode), 0);
  }
  FoundFile(const FoundFile&) = delete;
  FoundFile& operator=(const FoundFile&) = delete;
  ~FoundFile() { ::unlink(path_.c_str()); }

  [[nodiscard]] Descriptor open(int flags = O_RDONLY) const {
    return Descriptor(::open(path_.c_str(), flags | O_CLOEXEC));
  }

 private:
  std::string path_;
};

TEST_F(RingCheck, AttachesToNothingThatWasCutOff) {
  EXPECT_TRUE(AttachedRing::attach(FoundFile(bytes_, file_size_).open(), ::getuid()));
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{63}, std::uint64_t{4095},
                                   std::uint64_t{4096}, file_size_ - 1}) {
    auto cut = bytes_;
    cut.resize(std::min<std::uint64_t>(cut.size(), size));
    const auto attached = AttachedRing::attach(FoundFile(cut, size).open(), ::getuid());
    ASSERT_FALSE(attached) << size;
    EXPECT_EQ(attached.error().fault, AttachFault::not_a_ring) << size;
  }
}

TEST_F(RingCheck, AttachesToNothingOfSomebodyElseOrThatOthersMayOpen) {
  const FoundFile file(bytes_, file_size_);
  EXPECT_EQ(AttachedRing::attach(file.open(), ::getuid() + 1).error().fault, AttachFault::wrong_owner);
  EXPECT_EQ(AttachedRing::attach(file.open(O_RDWR), ::getuid()).error().fault, AttachFault::writable);
  EXPECT_EQ(AttachedRing::attach(FoundFile(bytes_, file_size_, 0640).open(), ::getuid()).error().fault,
            AttachFault::wrong_mode);
  EXPECT_EQ(AttachedRing::attach(Descriptor(::open("/", O_RDONLY | O_CLOEXEC)), ::getuid()).error().fault,
            AttachFault::not_regular);
  EXPECT_EQ(AttachedRing::attach(Descriptor(), ::getuid()).error().fault, AttachFault::not_mapped);
}

}  // namespace
}  // namespace ringside::shm
