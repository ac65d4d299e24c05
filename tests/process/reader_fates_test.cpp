// SPDX-License-Identifier: Apache-2.0
//
// Readers that are stopped or killed while they hold what they read, under a writer that goes on.
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/clientlib/child.hpp"
#include "tests/clientlib/daemon_host.hpp"
#include "tests/process/messenger.hpp"

namespace ringside {
namespace {

using test::Child;
using test::for_ever;
using test::Messenger;

constexpr const char* talking_agent = "talker";
constexpr std::size_t size_of_one = 48 * 1024;

events::EventT event_of(const std::string& name, std::uint8_t filling) {
  events::CustomT custom;
  custom.name = name;
  custom.data.assign(size_of_one, filling);
  events::EventT event;
  event.payload.Set(std::move(custom));
  return event;
}

bool is_whole(const events::Event& event, const std::string& name, std::uint8_t filling) {
  const auto* custom = event.payload_as_custom();
  if (custom == nullptr || custom->name()->str() != name || custom->data()->size() != size_of_one)
    return false;
  for (const std::uint8_t byte : *custom->data()) {
    if (byte != filling) return false;
  }
  return true;
}

class ReaderFates : public test::DaemonTest {
 protected:
  ReaderFates() {
    const StartOptions options{
        .runner = test::sample(), .inactivity = std::chrono::milliseconds(0), .stay_idle = true};
    EXPECT_TRUE(client_.start(talking_agent, options));
  }
  [[nodiscard]] std::string socket() const { return sandbox_.socket().string(); }

  /// More than the ring holds, several times over; `watcher` keeps up and must see every one.
  void publish_many(Subscription& watcher) {
    std::uint64_t expected = 0;
    for (int i = 0; i < 200; ++i) {
      const auto published = client_.publish(talking_agent, event_of("more", static_cast<std::uint8_t>(i)));
      ASSERT_TRUE(published) << published.error().message;
      if (expected == 0) expected = published->first_sequence;
      watcher.poll([&](const Event& event) {
        EXPECT_EQ(event.sequence(), expected++);
        EXPECT_TRUE(is_whole(event.get(), "more", static_cast<std::uint8_t>(i)));
      });
    }
  }
};

TEST_F(ReaderFates, AStoppedReaderDelaysNobodyAndFindsWhatItHeldStillWhole) {
  Messenger subscribed;
  Messenger holds;
  Messenger go_on;
  Child reader([&] {
    auto client = Client::connect({.socket = socket()}).value();
    auto subscription = client.subscribe_agent(talking_agent, {.from = From::latest}).value();
    subscribed.tell();
    std::optional<HeldEvent> held;
    while (!held && subscription.wait(for_ever) == WaitResult::event) {
      subscription.poll([&](const Event& event) { held.emplace(subscription.hold(event)); }, 1);
    }
    holds.tell();
    go_on.hear();
    if (!is_whole((*held)->get(), "first", 0xAB)) return 1;
    std::uint64_t lost = 0;
    std::uint64_t next = (*held)->sequence() + 1;
    subscription.on_gap([&](const Gap& gap) {
      if (gap.first != next) lost = 0;
      lost += gap.count;
      next = gap.first + gap.count;
    });
    bool exact = true;
    subscription.poll([&](const Event& event) { exact = exact && event.sequence() == next++; });
    return exact && lost > 0 ? 0 : 2;
  });
  subscribed.hear();
  ASSERT_TRUE(client_.publish(talking_agent, event_of("first", 0xAB)));
  holds.hear();
  ::kill(reader.pid(), SIGSTOP);
  auto watcher = client_.subscribe_agent(talking_agent, {.from = From::latest}).value();
  publish_many(watcher);
  go_on.tell();
  ::kill(reader.pid(), SIGCONT);
  EXPECT_EQ(reader.wait(), 0);
}

TEST_F(ReaderFates, AKilledReaderDelaysNobody) {
  for (int i = 0; i < 5; ++i) {
    Messenger subscribed;
    Messenger holds;
    Child reader([&] {
      auto client = Client::connect({.socket = socket()}).value();
      auto subscription = client.subscribe_agent(talking_agent, {.from = From::latest}).value();
      subscribed.tell();
      std::optional<HeldEvent> held;
      while (!held && subscription.wait(for_ever) == WaitResult::event) {
        subscription.poll([&](const Event& event) { held.emplace(subscription.hold(event)); }, 1);
      }
      holds.tell();
      for (;;)
        ::pause();
      return 0;
    });
    subscribed.hear();
    ASSERT_TRUE(client_.publish(talking_agent, event_of("first", 0xAB)));
    holds.hear();
    ::kill(reader.pid(), SIGKILL);
    auto watcher = client_.subscribe_agent(talking_agent, {.from = From::latest}).value();
    publish_many(watcher);
  }
}

TEST(ReaderSlots, ComeBackFromReadersThatWereKilled) {
  tests::DaemonSandbox sandbox("[ring]\nsubscription_max = 1\n");
  const std::string socket = sandbox.socket().string();
  auto client = Client::connect({.socket = socket}).value();
  for (int i = 0; i < 10; ++i) {
    Messenger subscribed;
    Child reader([&] {
      auto own = Client::connect({.socket = socket}).value();
      const auto subscription = own.subscribe("conversation:x").value();
      subscribed.tell();
      for (;;)
        ::pause();
      return 0;
    });
    subscribed.hear();
    EXPECT_TRUE(client.subscribe("conversation:x")->copying());
    ::kill(reader.pid(), SIGKILL);
    reader.wait();
    while (client.subscribe("conversation:x")->copying()) {
    }
  }
}

}  // namespace
}  // namespace ringside
