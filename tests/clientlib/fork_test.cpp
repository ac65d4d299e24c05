// SPDX-License-Identifier: Apache-2.0
//
// What a forked child may do with what its parent made: nothing, and without harm.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fcntl.h>

#include <gtest/gtest.h>

#include <ringside/client.hpp>

#include "tests/clientlib/child.hpp"
#include "tests/clientlib/fake_daemon.hpp"

namespace ringside {
namespace {

using control::RequestBody;
using test::Child;
using test::FakeDaemon;

class ForkTest : public ::testing::Test {
 protected:
  FakeDaemon daemon_;
  std::optional<Client> client_ = Client::connect({.socket = daemon_.socket()}).value();
  std::optional<Subscription> subscription_ = client_->subscribe("topic").value();
  std::optional<Tracking> tracking_ = client_->track("topic", "key").value();
};

#define CHILD_EXPECT(condition) \
  if (!(condition)) return __LINE__ % 200 + 1

TEST_F(ForkTest, EveryCallInTheChildSaysSo) {
  daemon_.topic("topic").publish_text("one");
  Child child([this] {
    CHILD_EXPECT(client_->subscribe("topic").error().fault == RequestFault::forked);
    CHILD_EXPECT(client_->send("ada", "text").error().fault == RequestFault::forked);
    CHILD_EXPECT(client_->stop("ada").error().fault == RequestFault::forked);
    CHILD_EXPECT(client_->list_agents().error().fault == RequestFault::forked);
    CHILD_EXPECT(client_->presence_list("topic").error().fault == RequestFault::forked);
    CHILD_EXPECT(client_->track("topic", "other").error().fault == RequestFault::forked);
    CHILD_EXPECT(client_->wait(std::chrono::seconds(-1)) == WaitResult::forked);
    CHILD_EXPECT(!client_->arm());
    CHILD_EXPECT(client_->fd() == -1);
    CHILD_EXPECT(subscription_->poll([](const Event&) {}).state == SubscriptionState::forked);
    CHILD_EXPECT(subscription_->next() == nullptr);
    CHILD_EXPECT(subscription_->wait(std::chrono::seconds(-1)) == WaitResult::forked);
    CHILD_EXPECT(!subscription_->arm());
    CHILD_EXPECT(subscription_->state() == SubscriptionState::forked);
    CHILD_EXPECT(subscription_->unsubscribe().error().fault == RequestFault::forked);
    CHILD_EXPECT(tracking_->update({}).error().fault == RequestFault::forked);
    CHILD_EXPECT(tracking_->untrack().error().fault == RequestFault::forked);
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(ForkTest, DestroyingEverythingInTheChildHurtsNobody) {
  daemon_.topic("topic").publish_text("one");
  std::optional<HeldEvent> held;
  subscription_->poll([&](const Event& event) { held = subscription_->hold(event); });
  Child child([this, &held] {
    held.reset();
    tracking_.reset();
    subscription_.reset();
    client_.reset();
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);

  EXPECT_EQ(daemon_.count(RequestBody::unsubscribe), 0U);
  EXPECT_EQ(daemon_.count(RequestBody::untrack), 0U);
  daemon_.topic("topic").publish_text("two");
  EXPECT_EQ(subscription_->wait(std::chrono::seconds(-1)), WaitResult::event);
  EXPECT_EQ(subscription_->poll([](const Event&) {}).events, 1U);
  EXPECT_EQ(test::text_of((*held)->get()), "one");
  EXPECT_TRUE(tracking_->update({}));
}

TEST_F(ForkTest, TheChildMayConnectForItself) {
  Child child([this] {
    auto own = Client::connect({.socket = daemon_.socket()});
    CHILD_EXPECT(own);
    CHILD_EXPECT(own->client_id() != client_->client_id());
    auto subscription = own->subscribe("topic", {.from = From::oldest});
    CHILD_EXPECT(subscription);
    CHILD_EXPECT(subscription->wait(std::chrono::seconds(-1)) == WaitResult::event);
    CHILD_EXPECT(subscription->poll([](const Event&) {}).events == 1);
    CHILD_EXPECT(client_->stop("ada").error().fault == RequestFault::forked);
    return 0;
  });
  daemon_.topic("topic").publish_text("one");
  EXPECT_EQ(child.wait(), 0);
}

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

TEST(AttachStorm, LeavesNoDescriptorMappingOrThreadBehind) {
  FakeDaemon daemon;
  Child child([&daemon] {
    const auto visit = [&daemon] {
      auto client = Client::connect({.socket = daemon.socket()});
      if (!client) return false;
      auto subscription = client->subscribe("topic");
      auto tracking = client->track("topic", "key");
      return subscription && tracking && subscription->poll([](const Event&) {}).events == 0;
    };
    for (int i = 0; i < 10; ++i)
      CHILD_EXPECT(visit());
    const std::size_t descriptors = entries("/proc/self/fd");
    const std::size_t mappings = entries("/proc/self/map_files");
    for (int i = 0; i < 200; ++i)
      CHILD_EXPECT(visit());
    CHILD_EXPECT(entries("/proc/self/fd") == descriptors);
    CHILD_EXPECT(entries("/proc/self/map_files") <= mappings);
    CHILD_EXPECT(entries("/proc/self/task") == 1);
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
}

std::set<int> descriptors() {
  std::set<int> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    open.insert(std::stoi(entry.path().filename()));
  return open;
}

TEST(AttachStorm, ClosesEverythingOnExec) {
  FakeDaemon daemon;
  Child child([&daemon] {
    const std::set<int> before = descriptors();
    auto client = Client::connect({.socket = daemon.socket()});
    CHILD_EXPECT(client);
    auto subscription = client->subscribe("topic");
    CHILD_EXPECT(subscription);
    std::size_t ours = 0;
    for (const int fd : descriptors()) {
      const int flags = ::fcntl(fd, F_GETFD);
      if (flags < 0 || before.contains(fd)) continue;
      ++ours;
      CHILD_EXPECT((flags & FD_CLOEXEC) != 0);
    }
    CHILD_EXPECT(ours >= 3);
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace ringside
