// SPDX-License-Identifier: Apache-2.0
//
// Watches an agent: prints its text as it grows, and counts as a viewer meanwhile.
//   watch AGENT [TOPIC]     TOPIC: where its viewers are counted
#include <iostream>
#include <string>

#include <ringside/client.hpp>

namespace {

int watch(const std::string& agent, const std::string& viewers) {
  auto host = ringside::Client::connect().value();
  auto events = host.subscribe_agent(agent, {.from = ringside::From::oldest}).value();
  const auto seen = host.track(viewers, "user-7", {{"user_name", "Ada"}}).value();
  bool over = false;
  while (!over && events.wait(std::chrono::minutes(5)) == ringside::WaitResult::event) {
    events.poll([&over](const ringside::Event& event) {
      if (const auto* chunk = event.as<ringside::events::LlmDeltas>()) {
        for (const auto* delta : *chunk->deltas())
          if (delta->text() != nullptr) std::cout << delta->text()->string_view() << std::flush;
      }
      over = event.kind() == ringside::events::Payload::agent_shutdown;
    });
  }
  std::cout << '\n';
  return over ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string agent = argc > 1 ? argv[1] : "conversation-123";
  try {
    return watch(agent, argc > 2 ? argv[2] : "conversation:123");
  } catch (const tl::bad_expected_access<ringside::ConnectError>& failure) {
    std::cerr << "watch: " << failure.error().message << '\n';
  } catch (const tl::bad_expected_access<ringside::RequestError>& failure) {
    std::cerr << "watch: " << failure.error().message << '\n';
  }
  return 1;
}
