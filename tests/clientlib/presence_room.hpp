// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

#include <ringside/client.hpp>

#include "tests/clientlib/daemon_host.hpp"

namespace ringside::test {

/// What a reader of a presence topic knows, without regard to the order of a viewer's windows.
using Room = std::map<std::string, std::set<std::tuple<std::uint64_t, std::uint64_t, std::string, Meta>>>;

inline Room room_of(const std::map<std::string, std::vector<PresenceMeta>, std::less<>>& viewers) {
  Room room;
  for (const auto& [key, windows] : viewers) {
    for (const PresenceMeta& window : windows)
      room[key].emplace(window.ref, window.previous_ref, window.client_id, window.meta);
  }
  return room;
}

/// A reader who subscribed, listed, and applies what comes.
class RoomReader {
 public:
  RoomReader(Client& client, std::string topic)
      : subscription_(client.subscribe(topic, {.from = From::latest}).value()),
        view_(client.presence_list(topic).value()) {
    subscription_.on_gap([](const Gap& gap) { ADD_FAILURE() << "a gap of " << gap.count; });
  }

  /// What it knows as of `version`, which was made already.
  Room at(std::uint64_t version) {
    while (view_.version() < version) {
      EXPECT_EQ(subscription_.wait(for_ever), WaitResult::event);
      // One at a time: it must not run ahead of the version that is asked for.
      if (const Event* event = subscription_.next()) view_.apply(*event);
    }
    EXPECT_EQ(view_.version(), version);
    return room_of(view_.viewers());
  }

 private:
  Subscription subscription_;
  PresenceView view_;
};

/// Random choices that a failing test can be given again: `RINGSIDE_SEED`.
class Chance {
 public:
  Chance() : seed_(chosen()), engine_(seed_) {}
  [[nodiscard]] std::uint32_t seed() const noexcept { return seed_; }
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine_);
  }

 private:
  static std::uint32_t chosen() {
    const char* given = std::getenv("RINGSIDE_SEED");
    return given == nullptr ? std::random_device()() : static_cast<std::uint32_t>(std::stoul(given));
  }

  std::uint32_t seed_;
  std::mt19937 engine_;
};

}  // namespace ringside::test
