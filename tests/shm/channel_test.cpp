// SPDX-License-Identifier: Apache-2.0
//
// The channel among friends: what arrives, who is there, which descriptors come along.
#include "shm/channel.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/shm/socket_folder.hpp"

namespace ringside::shm {
namespace {

using namespace std::chrono_literals;

constexpr int backlog = 4;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(std::span<const std::byte> buffer, const Received& received) {
  return {static_cast<const char*>(static_cast<const void*>(buffer.data())), received.size};
}

class ChannelPair : public ::testing::Test {
 protected:
  ChannelPair() : ends_(Channel::pair().value()) {}

  std::pair<Channel, Channel> ends_;
  Channel& here_ = ends_.first;
  Channel& there_ = ends_.second;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(channel_frame_size_max);
};

TEST_F(ChannelPair, CarriesWholeFramesInOrder) {
  EXPECT_EQ(there_.receive(buffer_).status, ReceiveStatus::would_block);
  EXPECT_EQ(here_.send(bytes_of("one")).status, SendStatus::sent);
  EXPECT_EQ(here_.send(bytes_of("three")).status, SendStatus::sent);
  EXPECT_EQ(text_of(buffer_, there_.receive(buffer_)), "one");
  EXPECT_EQ(text_of(buffer_, there_.receive(buffer_)), "three");
  EXPECT_EQ(there_.receive(buffer_).status, ReceiveStatus::would_block);
}

TEST_F(ChannelPair, CarriesTheLargestFrameAndRefusesALargerOne) {
  const std::vector<std::byte> largest(channel_frame_size_max, std::byte{7});
  ASSERT_EQ(here_.send(largest).status, SendStatus::sent);
  const Received received = there_.receive(buffer_);
  ASSERT_EQ(received.status, ReceiveStatus::frame);
  EXPECT_EQ(received.size, channel_frame_size_max);
  EXPECT_EQ(buffer_, largest);
  const std::vector<std::byte> larger(channel_frame_size_max + 1);
  EXPECT_EQ(here_.send(larger).status, SendStatus::too_large);
  EXPECT_EQ(there_.receive(buffer_).status, ReceiveStatus::would_block);
}

TEST_F(ChannelPair, TellsAnEmptyFrameFromTheEnd) {
  ASSERT_EQ(here_.send({}).status, SendStatus::sent);
  ASSERT_EQ(here_.send(bytes_of("after")).status, SendStatus::sent);
  here_ = Channel::pair().value().first;  // closes it
  const Received empty = there_.receive(buffer_);
  EXPECT_EQ(empty.status, ReceiveStatus::frame);
  EXPECT_EQ(empty.size, 0U);
  EXPECT_EQ(text_of(buffer_, there_.receive(buffer_)), "after");
  EXPECT_EQ(there_.receive(buffer_).status, ReceiveStatus::closed);
  EXPECT_EQ(there_.receive(buffer_).status, ReceiveStatus::closed);
  EXPECT_EQ(there_.send(bytes_of("too late")).status, SendStatus::closed) << "and no SIGPIPE";
}

TEST_F(ChannelPair, SaysWhoSentEachFrame) {
  ASSERT_EQ(here_.send(bytes_of("from the parent")).status, SendStatus::sent);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(here_.send(bytes_of("from the child")).status == SendStatus::sent ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  const Received first = there_.receive(buffer_);
  const Received second = there_.receive(buffer_);
  ASSERT_TRUE(first.credentials && second.credentials);
  EXPECT_EQ(first.credentials->pid, ::getpid());
  EXPECT_EQ(first.credentials->uid, ::geteuid());
  EXPECT_EQ(second.credentials->pid, child);
}

TEST_F(ChannelPair, PassesDescriptorsThatNoProgramInherits) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Descriptor reading(ends[0]);
  const Descriptor writing(ends[1]);
  const std::array passed{reading.get(), writing.get()};
  ASSERT_EQ(here_.send(bytes_of("two"), passed).status, SendStatus::sent);
  const Received received = there_.receive(buffer_, 2);
  ASSERT_EQ(received.status, ReceiveStatus::frame);
  ASSERT_EQ(received.descriptor_count, 2U);
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_EQ(::fcntl(received.descriptors[i].get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  ASSERT_EQ(::write(received.descriptors[1].get(), "x", 1), 1);
  char read = 0;
  EXPECT_EQ(::read(reading.get(), &read, 1), 1);
  EXPECT_EQ(read, 'x');
}

TEST_F(ChannelPair, DoesNotWaitForAPeerThatDoesNotRead) {
  const std::vector<std::byte> frame(1000);
  SendStatus status = SendStatus::sent;
  int count = 0;
  for (; status == SendStatus::sent; ++count)
    status = here_.send(frame).status;
  EXPECT_EQ(status, SendStatus::would_block);
  EXPECT_LT(count, 10'000) << "what the kernel keeps for a peer is bounded";
  ASSERT_EQ(there_.receive(buffer_).status, ReceiveStatus::frame);
}

TEST_F(ChannelPair, IsOpenUntilThePeerCloses) {
  EXPECT_TRUE(here_.peer_is_open());
  ASSERT_EQ(there_.send(bytes_of("bye")).status, SendStatus::sent);
  there_.shut_down();
  EXPECT_FALSE(here_.peer_is_open());
  EXPECT_EQ(here_.receive(buffer_).status, ReceiveStatus::frame) << "what was sent before is still there";
  EXPECT_EQ(here_.receive(buffer_).status, ReceiveStatus::closed);
}

TEST(Channel, ConnectsAndNamesItsPeer) {
  const SocketFolder folder;
  auto listener = ChannelListener::listen(folder.path(), 0600, backlog);
  ASSERT_TRUE(listener);
  EXPECT_EQ(listener->accept().error().fault, ChannelListener::AcceptFault::would_block);
  const pid_t child = ::fork();
  if (child == 0) {
    auto channel = Channel::connect(folder.path(), 5s);
    if (!channel || channel->send(bytes_of("hello")).status != SendStatus::sent) ::_exit(1);
    pollfd until_closed{channel->descriptor().get(), POLLIN, 0};
    ::poll(&until_closed, 1, -1);
    ::_exit(0);
  }
  pollfd knocked{listener->descriptor().get(), POLLIN, 0};
  ASSERT_EQ(::poll(&knocked, 1, -1), 1);
  auto channel = listener->accept();
  ASSERT_TRUE(channel);
  EXPECT_EQ(channel->peer_credentials()->pid, child);
  EXPECT_EQ(channel->peer_credentials()->uid, ::geteuid());
  EXPECT_TRUE(channel->peer_groups());
  const auto process = channel->peer_process();
  ASSERT_TRUE(process);
  pollfd ended{process->get(), POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 0) << "it lives";
  std::array<std::byte, 64> buffer{};
  pollfd sent{channel->descriptor().get(), POLLIN, 0};
  ASSERT_EQ(::poll(&sent, 1, -1), 1);
  const Received hello = channel->receive(buffer);
  ASSERT_EQ(hello.status, ReceiveStatus::frame);
  EXPECT_EQ(hello.credentials->pid, child);
  channel->shut_down();
  EXPECT_EQ(::poll(&ended, 1, -1), 1) << "a pidfd tells its end";
  ::waitpid(child, nullptr, 0);
}

TEST(Channel, SaysWhyItCannotConnect) {
  const SocketFolder folder;
  const auto fault = [&](const std::string& path) { return Channel::connect(path, 1s).error().fault; };
  EXPECT_EQ(fault(folder.path()), Channel::ConnectFault::no_socket);
  EXPECT_EQ(fault(folder.path() + "/deeper"), Channel::ConnectFault::no_socket);
  EXPECT_EQ(fault(std::string(200, 'x')), Channel::ConnectFault::path_too_long);
  EXPECT_EQ(fault(""), Channel::ConnectFault::path_too_long);
  {
    auto left_behind = ChannelListener::listen(folder.path() + "2", 0600, backlog);
    ASSERT_TRUE(left_behind);
    ASSERT_EQ(::rename((folder.path() + "2").c_str(), folder.path().c_str()), 0);
  }
  EXPECT_EQ(fault(folder.path()), Channel::ConnectFault::refused);
}

TEST(ChannelListener, MakesItsNameWithExactRightsUnderAnyUmask) {
  for (const mode_t umask : {0000U, 0077U, 0777U}) {
    const SocketFolder folder;
    const mode_t before = ::umask(umask);
    auto listener = ChannelListener::listen(folder.path(), 0660, backlog);
    ::umask(before);
    ASSERT_TRUE(listener) << umask;
    struct stat status {};
    ASSERT_EQ(::stat(folder.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, mode_t{0660});
  }
}

TEST(ChannelListener, ReplacesASocketLeftBehindAndNothingElse) {
  const SocketFolder folder;
  {
    auto first = ChannelListener::listen(folder.path(), 0600, backlog);
    ASSERT_TRUE(first);
    auto second = ChannelListener::listen(folder.path(), 0600, backlog);
    ASSERT_TRUE(second);
    first = ChannelListener::listen(folder.path() + "2", 0600, backlog);
    EXPECT_EQ(::access(folder.path().c_str(), F_OK), 0) << "the name is the second one's by now";
    EXPECT_TRUE(Channel::connect(folder.path(), 1s));
  }
  EXPECT_NE(::access(folder.path().c_str(), F_OK), 0);

  const Descriptor file(::open(folder.path().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  EXPECT_EQ(ChannelListener::listen(folder.path(), 0600, backlog).error().fault,
            ChannelListener::ListenFault::occupied);
  EXPECT_EQ(::access(folder.path().c_str(), F_OK), 0);
  EXPECT_EQ(ChannelListener::listen(folder.path() + "/deeper", 0600, backlog).error().fault,
            ChannelListener::ListenFault::no_folder);
}

TEST(ChannelListener, AdoptsOnlyAListener) {
  const SocketFolder folder;
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET, 0));
  const int fd = socket.get();
  EXPECT_EQ(ChannelListener::adopt(std::move(socket)).error().fault,
            ChannelListener::ListenFault::not_a_listener);
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1) << "and closes what it does not keep";
  EXPECT_EQ(ChannelListener::adopt(Descriptor(::socket(AF_UNIX, SOCK_STREAM, 0))).error().fault,
            ChannelListener::ListenFault::not_a_listener);
  auto passed = ChannelListener::listen(folder.path(), 0600, backlog);
  ASSERT_TRUE(passed);
  {
    auto adopted = ChannelListener::adopt(passed->descriptor().duplicate());
    ASSERT_TRUE(adopted);
    auto client = Channel::connect(folder.path(), 1s);
    EXPECT_TRUE(adopted->accept());
  }
  EXPECT_EQ(::access(folder.path().c_str(), F_OK), 0) << "the name is the service manager's";
}

}  // namespace
}  // namespace ringside::shm
