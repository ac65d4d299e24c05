// SPDX-License-Identifier: Apache-2.0
//
// `ringside` in front of an agentd of another release.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <thread>

#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "schema/control_codec.hpp"
#include "shm/channel.hpp"
#include "shm/ring_layout.hpp"
#include "tests/tools/child_process.hpp"
#include "tools/exit_code.hpp"

namespace ringside::tests {
namespace {

constexpr std::uint32_t other_layout = shm::ring_layout_version + 41;

void wait_readable(const shm::Descriptor& descriptor) {
  pollfd wait{descriptor.get(), POLLIN, 0};
  EXPECT_EQ(poll(&wait, 1, 60'000), 1);
}

/// Answers one greeting, with the layout of another release.
void greet_once(shm::ChannelListener& listener) {
  wait_readable(listener.descriptor());
  auto channel = listener.accept();
  ASSERT_TRUE(channel.has_value());
  wait_readable(channel->descriptor());
  std::array<std::byte, shm::channel_frame_size_max> buffer;
  const auto received = channel->receive(buffer);
  ASSERT_EQ(received.status, shm::ReceiveStatus::frame);
  const auto request = schema::decode_request(std::span(buffer).first(received.size));
  ASSERT_TRUE(request.has_value());
  control::HelloReplyT hello;
  hello.protocol_version = schema::protocol_version;
  hello.layout_version = other_layout;
  hello.layout_fingerprint = shm::ring_fingerprint();
  hello.namespace_name = "default";
  control::ReplyT reply;
  reply.id = (*request)->id();
  reply.body.Set(std::move(hello));
  const auto frame = schema::encode(reply);
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(channel->send(*frame).status, shm::SendStatus::sent);
}

TEST(OtherVersion, IsRefusedWithBothVersions) {
  std::string folder = (std::filesystem::temp_directory_path() / "ringside-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/control.sock";
  auto listener = shm::ChannelListener::listen(path, 0600, 4);
  ASSERT_TRUE(listener.has_value());
  std::thread daemon([&] { greet_once(*listener); });
  ChildProcess process({RINGSIDE_COMMAND, "--socket", path, "list"});
  const Finished finished = process.finish();
  daemon.join();
  EXPECT_EQ(finished.exit_code, static_cast<int>(tools::ExitCode::unavailable));
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  for (const std::uint32_t version : {shm::ring_layout_version, other_layout})
    EXPECT_NE(finished.err.find("layout " + std::to_string(version)), std::string::npos) << finished.err;
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ringside::tests
