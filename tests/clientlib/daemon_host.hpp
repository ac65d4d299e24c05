// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <ringside/client.hpp>

#include "tests/tools/daemon_sandbox.hpp"

namespace ringside::test {

inline constexpr auto for_ever = std::chrono::nanoseconds(-1);

/// The sample that the project ships, as fast as it goes.
inline ReplayRunner sample() {
  return {.source = RINGSIDE_SOURCE_DIR "/examples/samples/lighthouse.chunks.txt", .speed = 0};
}

/// A real agentd and a client of it.
class DaemonTest : public ::testing::Test {
 protected:
  Client connect() { return Client::connect({.socket = sandbox_.socket().string()}).value(); }

  /// Hands out events until `last` says of one that it is enough; false if the subscription ended before.
  static bool read_until(Subscription& subscription, const std::function<bool(const Event&)>& last) {
    while (subscription.wait(for_ever) == WaitResult::event) {
      while (const Event* event = subscription.next()) {
        if (last(*event)) return true;
      }
    }
    return false;
  }

  tests::DaemonSandbox sandbox_;
  Client client_ = connect();
};

}  // namespace ringside::test
