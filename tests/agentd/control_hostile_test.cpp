// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "schema/control_codec.hpp"
#include "tests/agentd/agentd_process.hpp"
#include "tests/agentd/control_client.hpp"

namespace ringside::agentd {
namespace {

/// One that is let in before the attack and must be served after it.
class ControlHostile : public testing::Test {
 protected:
  ControlHostile() { witness_.greet(); }
  ~ControlHostile() override {
    EXPECT_NE(witness_.ask(control::ListT{}).as<control::ListReplyT>(), nullptr);
    ControlClient late(agentd_.socket());
    late.greet();
  }

  AgentdProcess agentd_;
  ControlClient witness_{agentd_.socket()};
};

TEST_F(ControlHostile, GarbageIsRefusedAndItsSenderSentAway) {
  std::mt19937 random(20260101);
  for (int i = 0; i < 200; ++i) {
    std::vector<std::byte> garbage(1 + random() % 4096);
    for (std::byte& byte : garbage)
      byte = static_cast<std::byte>(random());
    ControlClient client(agentd_.socket());
    ASSERT_EQ(client.send_raw(garbage), shm::SendStatus::sent);
    EXPECT_EQ(client.hear().error(), control::ErrorCode::bad_request);
    EXPECT_TRUE(client.hears_the_end());
  }
}

TEST_F(ControlHostile, EveryDamagedByteOfARequestIsAnsweredOrEndsTheConnection) {
  control::RequestT request;
  request.id = 5;
  request.body.Set(subscribe_to("agent_server:a"));
  const std::vector<std::byte> frame = schema::encode(request).value();
  for (std::size_t i = 0; i < frame.size(); ++i) {
    std::vector<std::byte> damaged = frame;
    damaged[i] ^= std::byte{0x41};
    ControlClient client(agentd_.socket());
    client.greet();
    ASSERT_EQ(client.send_raw(damaged), shm::SendStatus::sent);
    static_cast<void>(client.hear());
  }
}

TEST_F(ControlHostile, AReplyInPlaceOfARequestIsRefused) {
  control::ReplyT reply;
  reply.id = 1;
  reply.body.Set(control::OkT{});
  ControlClient client(agentd_.socket());
  ASSERT_EQ(client.send_raw(schema::encode(reply).value()), shm::SendStatus::sent);
  EXPECT_EQ(client.hear().error(), control::ErrorCode::bad_request);
  EXPECT_TRUE(client.hears_the_end());
}

TEST_F(ControlHostile, AFrameOfMoreThan64KiBIsRefused) {
  ControlClient client(agentd_.socket());
  const std::vector<std::byte> large(schema::frame_size_max + 1);
  const int buffer = 1 << 20;
  ::setsockopt(client.channel().descriptor().get(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  ASSERT_EQ(::send(client.channel().descriptor().get(), large.data(), large.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(large.size()));
  const Reply reply = client.hear();
  EXPECT_EQ(reply.error(), control::ErrorCode::bad_request);
  EXPECT_TRUE(client.hears_the_end());
}

TEST_F(ControlHostile, EmptyFramesArePassedOver) {
  ControlClient client(agentd_.socket());
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(::send(client.channel().descriptor().get(), "", 0, MSG_NOSIGNAL), 0);
  client.greet();
}

TEST_F(ControlHostile, PassedDescriptorsAreClosedAndTheirSenderSentAway) {
  const auto open_descriptors = [&] {
    std::size_t count = 0;
    const std::filesystem::path all = "/proc/" + std::to_string(agentd_.pid()) + "/fd";
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(all))
      ++count;
    return count;
  };
  const auto attack = [&](std::size_t count) {
    ControlClient client(agentd_.socket());
    std::vector<int> descriptors(count, STDIN_FILENO);
    std::vector<char> control(CMSG_SPACE(sizeof(int) * count));
    std::byte byte{};
    iovec data{&byte, 1};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::copy_n(reinterpret_cast<const unsigned char*>(descriptors.data()), sizeof(int) * count,
                CMSG_DATA(header));
    ASSERT_EQ(::sendmsg(client.channel().descriptor().get(), &message, MSG_NOSIGNAL), 1);
    EXPECT_TRUE(client.hears_the_end());
  };
  attack(253);
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 50; ++i) {
    attack(1);
    attack(253);
  }
  // Who was sent away hears of it before the last descriptors of its session are closed.
  while (open_descriptors() > before)
    std::this_thread::yield();
}

TEST_F(ControlHostile, WhoNeverReadsItsAnswersIsDisconnected) {
  ControlClient client(agentd_.socket());
  client.greet();
  control::RequestT request;
  request.body.Set(control::ListT{});
  const std::vector<std::byte> frame = schema::encode(request).value();
  // Blocks where agentd reads no more, and ends where it hangs up.
  ::fcntl(client.channel().descriptor().get(), F_SETFL, 0);
  std::size_t sent = 0;
  while (::send(client.channel().descriptor().get(), frame.data(), frame.size(), MSG_NOSIGNAL) > 0)
    ++sent;
  EXPECT_GT(sent, 0U);
}

TEST_F(ControlHostile, ManyRequestsAtOnceAreAnsweredInTheirOrder) {
  ControlClient client(agentd_.socket());
  client.greet();
  std::vector<std::uint64_t> said;
  for (int round = 0; round < 20; ++round) {
    said.clear();
    for (int i = 0; i < 50; ++i) {
      said.push_back(client.say(subscribe_to("conversation:" + std::to_string(i % 5))));
      said.push_back(client.say(control::ListT{}));
    }
    for (const std::uint64_t id : said)
      EXPECT_EQ(client.hear().reply.id, id);
  }
}

TEST_F(ControlHostile, AClientThatHangsUpBeforeItsAnswerHurtsNobody) {
  for (int i = 0; i < 200; ++i) {
    ControlClient client(agentd_.socket());
    client.greet();
    client.say(subscribe_to("conversation:x"));
    client.say(control::ListT{});
  }
}

TEST_F(ControlHostile, RunningOutOfDescriptorsPausesAcceptingAndServesOn) {
  rlimit limit{};
  ASSERT_EQ(::prlimit(agentd_.pid(), RLIMIT_NOFILE, nullptr, &limit), 0);
  rlimit small = limit;
  small.rlim_cur = 40;
  ASSERT_EQ(::prlimit(agentd_.pid(), RLIMIT_NOFILE, &small, nullptr), 0);
  {
    std::vector<ControlClient> flood;
    for (int i = 0; i < 60; ++i)
      flood.emplace_back(agentd_.socket());
    EXPECT_NE(witness_.ask(control::ListT{}).as<control::ListReplyT>(), nullptr);
  }
  ASSERT_EQ(::prlimit(agentd_.pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
}

}  // namespace
}  // namespace ringside::agentd
