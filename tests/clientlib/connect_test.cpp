// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <ringside/client.hpp>

#include "tests/clientlib/fake_daemon.hpp"

namespace ringside {
namespace {

using control::RequestBody;
using test::FakeDaemon;

ConnectError refused(const FakeDaemon& daemon, std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
  auto client = Client::connect({.socket = daemon.socket(), .request_timeout = timeout});
  if (client) return {ConnectFault::system, 0, "connected"};
  return client.error();
}

TEST(Connect, GreetsAndAttaches) {
  FakeDaemon daemon;
  std::string id;
  daemon.answer(RequestBody::hello, [&id](FakeDaemon::Call& call) {
    const auto& hello = *call.request.body_as_hello();
    char text[33];
    std::snprintf(text, sizeof text, "%016lx%016lx", hello.client_id_high(), hello.client_id_low());
    id = text;
    EXPECT_EQ(hello.client_name()->str(), "a test");
  });
  const auto client = Client::connect({.socket = daemon.socket(), .name = "a test"});
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_EQ(client->client_id(), id);
  EXPECT_EQ(client->namespace_name(), "default");
  EXPECT_EQ(client->daemon_version(), "fake");
  EXPECT_EQ(client->socket_path(), daemon.socket());
  EXPECT_FALSE(client->daemon_gone());
}

TEST(Connect, SaysThatNobodyListens) {
  std::string path;
  const test::TemporaryFolder folder;
  path = (folder.path() / "dead.sock").string();
  {
    auto listener = shm::ChannelListener::listen(path, 0600, 1).value();
    // The name stays when the listener has gone, as after a crash.
    ASSERT_EQ(::link(path.c_str(), (path + ".kept").c_str()), 0);
  }
  const auto client = Client::connect({.socket = path + ".kept"});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().fault, ConnectFault::unreachable) << client.error().message;
}

TEST(Connect, NamesBothVersionsWhenTheyDiffer) {
  FakeDaemon daemon;
  daemon.answer(RequestBody::hello,
                [](FakeDaemon::Call& call) { call.reply.body.Ashello()->layout_version = 99; });
  const ConnectError error = refused(daemon);
  EXPECT_EQ(error.fault, ConnectFault::unsupported_version);
  EXPECT_NE(error.message.find("layout 99"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("layout 2"), std::string::npos) << error.message;
}

TEST(Connect, HandsOnWhyTheDaemonRefuses) {
  FakeDaemon daemon;
  control::ErrorCode code{};
  daemon.answer(RequestBody::hello, [&code](FakeDaemon::Call& call) {
    control::ErrorT error;
    error.code = code;
    error.message = "go away";
    call.reply.body.Set(std::move(error));
  });
  code = control::ErrorCode::not_allowed;
  EXPECT_EQ(refused(daemon).fault, ConnectFault::not_allowed);
  code = control::ErrorCode::unsupported_version;
  EXPECT_EQ(refused(daemon).fault, ConnectFault::unsupported_version);
  code = control::ErrorCode::stopping;
  EXPECT_EQ(refused(daemon).fault, ConnectFault::refused);
  EXPECT_EQ(refused(daemon).message, "go away");
}

TEST(Connect, RefusesAnotherNamespaceThanTheOneAskedFor) {
  FakeDaemon daemon;
  const auto client = Client::connect({.socket = daemon.socket(), .namespace_name = "blue"});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().fault, ConnectFault::wrong_namespace);
}

TEST(Connect, RefusesANameThatIsNoText) {
  FakeDaemon daemon;
  for (const std::string& name : {std::string("\xff"), std::string(70'000, 'a')}) {
    const auto client = Client::connect({.socket = daemon.socket(), .name = name});
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().fault, ConnectFault::bad_options);
  }
}

TEST(Connect, TakesATimeoutOfAnyLength) {
  FakeDaemon daemon;
  EXPECT_TRUE(
      Client::connect({.socket = daemon.socket(), .request_timeout = std::chrono::milliseconds::max()}));
}

TEST(Connect, SaysThatTheDaemonHungUpInTheMiddle) {
  for (const RequestBody at : {RequestBody::hello, RequestBody::attach}) {
    FakeDaemon daemon;
    daemon.answer(at, [](FakeDaemon::Call& call) { call.hang_up = true; });
    EXPECT_EQ(refused(daemon).fault, ConnectFault::daemon_gone);
  }
}

TEST(Connect, GivesUpOnADaemonThatDoesNotAnswer) {
  for (const RequestBody at : {RequestBody::hello, RequestBody::attach}) {
    FakeDaemon daemon;
    daemon.answer(at, [](FakeDaemon::Call& call) { call.silent = true; });
    EXPECT_EQ(refused(daemon, std::chrono::milliseconds(50)).fault, ConnectFault::timeout);
  }
}

TEST(Connect, RefusesWhatDoesNotSpeakTheProtocol) {
  FakeDaemon daemon;
  daemon.answer(RequestBody::hello, [](FakeDaemon::Call& call) { call.raw.assign(100, std::byte{'x'}); });
  EXPECT_EQ(refused(daemon).fault, ConnectFault::protocol);
  daemon.answer(RequestBody::hello, [](FakeDaemon::Call& call) { call.reply.id = 12345; });
  EXPECT_EQ(refused(daemon).fault, ConnectFault::protocol);
  daemon.answer(RequestBody::hello, [](FakeDaemon::Call& call) { call.reply.body.Set(control::OkT()); });
  EXPECT_EQ(refused(daemon).fault, ConnectFault::protocol);
}

TEST(Connect, RefusesASessionThatIsNotWhatItShouldBe) {
  FakeDaemon daemon;
  const auto attach_with = [&daemon](auto change) {
    daemon.answer(RequestBody::attach, change);
    return refused(daemon).fault;
  };
  EXPECT_EQ(attach_with([](FakeDaemon::Call& call) { call.descriptors.pop_back(); }), ConnectFault::protocol);
  EXPECT_EQ(attach_with([](FakeDaemon::Call& call) { std::swap(call.descriptors[0], call.descriptors[1]); }),
            ConnectFault::protocol);
  EXPECT_EQ(attach_with([](FakeDaemon::Call& call) { call.reply.body.Asattach()->session += 1; }),
            ConnectFault::protocol);

  // A page that can shrink under us, and a doorbell on which a drain would block.
  const shm::Descriptor unsealed(::memfd_create("unsealed", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(unsealed.get(), 4096), 0);
  EXPECT_EQ(attach_with([&](FakeDaemon::Call& call) { call.descriptors[0] = unsealed.get(); }),
            ConnectFault::untrusted);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const shm::Descriptor blocking(ends[0]);
  const shm::Descriptor other_end(ends[1]);
  EXPECT_EQ(attach_with([&](FakeDaemon::Call& call) { call.descriptors[1] = blocking.get(); }),
            ConnectFault::protocol);
}

TEST(Connect, RefusesASessionOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  FakeDaemon daemon;
  daemon.answer(RequestBody::attach,
                [](FakeDaemon::Call& call) { ASSERT_EQ(::fchown(call.descriptors[0], 4711, 4711), 0); });
  EXPECT_EQ(refused(daemon).fault, ConnectFault::untrusted);
}

}  // namespace
}  // namespace ringside
