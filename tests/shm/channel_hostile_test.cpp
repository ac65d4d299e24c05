// SPDX-License-Identifier: Apache-2.0
//
// The channel among enemies: the other end is a bare socket that does what it likes.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "shm/channel.hpp"

namespace ringside::shm {
namespace {

constexpr std::size_t kernel_descriptors_max = 253;  // SCM_MAX_FD

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

class HostilePeer : public ::testing::Test {
 protected:
  HostilePeer() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    peer_.reset(ends[0]);
    auto adopted = Channel::adopt(Descriptor(ends[1]));
    EXPECT_TRUE(adopted);
    channel_.emplace(std::move(*adopted));
    const int room = 1 << 20;
    ::setsockopt(peer_.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  }

  /// Sends a frame with that many descriptors.
  void send(std::span<const std::byte> frame, std::size_t descriptors) {
    std::vector<int> passed(descriptors, peer_.get());
    std::vector<std::byte> control(CMSG_SPACE(descriptors * sizeof(int)));
    iovec part{const_cast<std::byte*>(frame.data()), frame.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptors != 0) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* const header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
      std::memcpy(CMSG_DATA(header), passed.data(), descriptors * sizeof(int));
    }
    ASSERT_EQ(::sendmsg(peer_.get(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(frame.size()));
  }

  Descriptor peer_;
  std::optional<Channel> channel_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(channel_frame_size_max);
  const std::vector<std::byte> small_ = std::vector<std::byte>(10);
};

TEST_F(HostilePeer, LeavesNoDescriptorBehindHoweverManyItSends) {
  const std::size_t before = open_descriptors();
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{4}, std::size_t{5}, std::size_t{6}, kernel_descriptors_max}) {
    for (const std::size_t allowed : {std::size_t{0}, std::size_t{2}}) {
      send(small_, count);
      EXPECT_EQ(channel_->receive(buffer_, allowed).status, ReceiveStatus::descriptors_refused) << count;
      EXPECT_EQ(open_descriptors(), before) << count << " sent, " << allowed << " allowed";
      if (count == 1) break;
    }
  }
  send(small_, 0);
  EXPECT_EQ(channel_->receive(buffer_).status, ReceiveStatus::frame) << "the next frame is not harmed";
}

TEST_F(HostilePeer, LeavesNoDescriptorBehindWithAnOversizedOrEmptyFrame) {
  const std::size_t before = open_descriptors();
  const std::vector<std::byte> oversized(channel_frame_size_max + 1);
  send(oversized, 2);
  EXPECT_EQ(channel_->receive(buffer_, 2).status, ReceiveStatus::too_large);
  EXPECT_EQ(open_descriptors(), before);
  send({}, kernel_descriptors_max);
  EXPECT_EQ(channel_->receive(buffer_).status, ReceiveStatus::descriptors_refused);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(HostilePeer, CannotMakeUsTakeMoreThanTheBuffer) {
  std::vector<std::byte> guarded(32, std::byte{0x5a});
  send(std::vector<std::byte>(1000, std::byte{1}), 0);
  EXPECT_EQ(channel_->receive(std::span(guarded).first(16)).status, ReceiveStatus::too_large);
  for (std::size_t i = 16; i < guarded.size(); ++i)
    EXPECT_EQ(guarded[i], std::byte{0x5a});
  const std::vector<std::byte> huge(channel_frame_size_max * 3);
  send(huge, 0);
  EXPECT_EQ(channel_->receive(buffer_).status, ReceiveStatus::too_large);
  EXPECT_EQ(channel_->receive(buffer_).status, ReceiveStatus::would_block) << "what is refused is gone whole";
}

TEST_F(HostilePeer, HandsOutGarbageAsItIs) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::byte> garbage(random() % 5000);
    for (std::byte& each : garbage)
      each = static_cast<std::byte>(random());
    send(garbage, 0);
    const Received received = channel_->receive(buffer_);
    ASSERT_EQ(received.status, ReceiveStatus::frame);
    ASSERT_EQ(received.size, garbage.size());
    ASSERT_TRUE(std::equal(garbage.begin(), garbage.end(), buffer_.begin()));
  }
}

TEST_F(HostilePeer, HalfClosedIsClosedAfterItsLastFrame) {
  send(small_, 0);
  ASSERT_EQ(::shutdown(peer_.get(), SHUT_WR), 0);
  EXPECT_FALSE(channel_->peer_is_open());
  EXPECT_EQ(channel_->receive(buffer_).status, ReceiveStatus::frame);
  EXPECT_EQ(channel_->receive(buffer_).status, ReceiveStatus::closed);
  EXPECT_EQ(channel_->send(small_).status, SendStatus::sent) << "it may still listen";
}

TEST_F(HostilePeer, ThatDoesNotListenAnyMoreCostsNoSignal) {
  ASSERT_EQ(::shutdown(peer_.get(), SHUT_RD), 0);
  EXPECT_EQ(channel_->send(small_).status, SendStatus::closed);
  peer_.reset();
  EXPECT_EQ(channel_->send(small_).status, SendStatus::closed);
  EXPECT_EQ(channel_->receive(buffer_).status, ReceiveStatus::closed);
}

TEST_F(HostilePeer, ThatClosesWithUnreadFramesIsClosed) {
  ASSERT_EQ(channel_->send(small_).status, SendStatus::sent);
  peer_.reset();  // the kernel says ECONNRESET once
  EXPECT_EQ(channel_->receive(buffer_).status, ReceiveStatus::closed);
  EXPECT_EQ(channel_->receive(buffer_).status, ReceiveStatus::closed);
}

TEST_F(HostilePeer, CannotPassForAnotherProcess) {
  ucred forged{1, 0, 0};
  std::array<std::byte, CMSG_SPACE(sizeof forged)> control{};
  iovec part{const_cast<std::byte*>(small_.data()), small_.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_CREDENTIALS;
  header->cmsg_len = CMSG_LEN(sizeof forged);
  std::memcpy(CMSG_DATA(header), &forged, sizeof forged);
  // Only who may act for another (root) gets this through; nobody changes who connected.
  static_cast<void>(::sendmsg(peer_.get(), &message, MSG_NOSIGNAL));
  EXPECT_EQ(channel_->peer_credentials()->pid, ::getpid());
}

}  // namespace
}  // namespace ringside::shm
