// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <optional>
#include <string>

#include <unistd.h>

#include "tests/clientlib/child.hpp"
#include "tests/clientlib/daemon_host.hpp"

namespace ringside {
namespace {

using test::Child;
using test::DaemonTest;

/// Everybody on a topic, kept exact by its diffs.
class Watcher {
 public:
  Watcher(Client& client, const std::string& topic)
      : subscription_(client.subscribe(topic).value()), view_(client.presence_list(topic).value()) {}

  template <class Condition>
  bool until(Condition condition) {
    while (!condition(view_.viewers())) {
      if (subscription_.wait(test::for_ever) != WaitResult::event) return false;
      subscription_.poll([this](const Event& event) { view_.apply(event); });
    }
    return true;
  }

  const PresenceView& view() const { return view_; }

 private:
  Subscription subscription_;
  PresenceView view_;
};

TEST_F(DaemonTest, ViewersAreSeenAsTheyComeChangeAndLeave) {
  Client other = connect();
  Watcher watcher(client_, "conversation:1");
  auto seen = other.track("conversation:1", "user-7", {{"user_name", "Ada"}}).value();
  ASSERT_TRUE(watcher.until([](const auto& viewers) { return viewers.contains("user-7"); }));
  const PresenceMeta& meta = watcher.view().viewers().at("user-7").front();
  EXPECT_EQ(meta.ref, seen.ref());
  EXPECT_EQ(meta.client_id, other.client_id());
  EXPECT_EQ(meta.meta, (Meta{{"user_name", "Ada"}}));

  const std::uint64_t before = seen.ref();
  const std::uint64_t after = seen.update({{"user_name", "Ada L."}}).value();
  ASSERT_TRUE(watcher.until([&](const auto& viewers) { return viewers.at("user-7").front().ref == after; }));
  EXPECT_EQ(watcher.view().viewers().at("user-7").front().previous_ref, before);
  EXPECT_EQ(watcher.view().viewers().at("user-7").size(), 1U);

  EXPECT_EQ(other.track("conversation:1", "user-7").error().fault, RequestFault::already_tracked);
  auto window = client_.track("conversation:1", "user-7").value();
  ASSERT_TRUE(watcher.until([](const auto& viewers) { return viewers.at("user-7").size() == 2; }));
  EXPECT_TRUE(seen.untrack());
  EXPECT_TRUE(window.untrack());
  EXPECT_TRUE(watcher.until([](const auto& viewers) { return viewers.empty(); }));
}

TEST_F(DaemonTest, AKilledViewerIsGone) {
  Watcher watcher(client_, "conversation:1");
  const std::string socket = sandbox_.socket().string();
  Child child([&socket] {
    auto client = Client::connect({.socket = socket}).value();
    const auto seen = client.track("conversation:1", "user-7").value();
    for (;;)
      ::pause();
    return 0;
  });
  ASSERT_TRUE(watcher.until([](const auto& viewers) { return viewers.contains("user-7"); }));
  ::kill(child.pid(), SIGKILL);
  EXPECT_TRUE(watcher.until([](const auto& viewers) { return viewers.empty(); }));
}

TEST_F(DaemonTest, AViewerThatWasStoppedIsGivenUpAndComesBackByItself) {
  Watcher watcher(client_, "conversation:1");
  const std::string socket = sandbox_.socket().string();
  Child child([&socket] {
    auto client = Client::connect({.socket = socket}).value();
    const auto seen = client.track("conversation:1", "user-7", {{"user_name", "Ada"}}).value();
    for (;;)
      ::pause();
    return 0;
  });
  ASSERT_TRUE(watcher.until([](const auto& viewers) { return viewers.contains("user-7"); }));
  const std::uint64_t before = watcher.view().viewers().at("user-7").front().ref;
  const auto listed = [this] { return client_.presence_list("conversation:1").value().viewers; };
  EXPECT_FALSE(listed().at("user-7").front().stale);
  ::kill(child.pid(), SIGSTOP);
  // First stale, and a viewer still.
  while (!listed().at("user-7").front().stale) {  // no diff tells of it
  }
  ASSERT_TRUE(watcher.until([](const auto& viewers) { return viewers.empty(); }));
  ::kill(child.pid(), SIGCONT);
  ASSERT_TRUE(watcher.until([](const auto& viewers) { return viewers.contains("user-7"); }));
  const PresenceMeta& back = watcher.view().viewers().at("user-7").front();
  EXPECT_NE(back.ref, before);
  EXPECT_EQ(back.meta, (Meta{{"user_name", "Ada"}}));
}

}  // namespace
}  // namespace ringside
