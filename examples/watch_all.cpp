// SPDX-License-Identifier: Apache-2.0
//
// Watches every agent that runs, from one thread: says who comes and goes, and how each run ends.
//   watch_all [LIVES]     ends after so many lives
#include <iostream>
#include <string>
#include <vector>

#include <ringside/client.hpp>
#include <ringside/subscription_set.hpp>

namespace {

std::vector<std::string> topics_of(const ringside::PresenceView& agents) {
  std::vector<std::string> topics;
  for (const auto& [agent, windows] : agents.viewers())
    topics.push_back(ringside::agent_topic(agent));
  return topics;
}

void show(std::string_view topic, const ringside::Event& event, long& lives) {
  if (const auto* status = event.as<ringside::events::StatusChanged>())
    std::cout << topic << ": " << ringside::events::EnumNameAgentStatus(status->status()) << std::endl;
  if (const auto* end = event.as<ringside::events::AgentShutdown>()) {
    std::cout << topic << ": over, " << ringside::events::EnumNameShutdownReason(end->reason()) << std::endl;
    --lives;
  }
}

int watch_all(long lives) {
  auto host = ringside::Client::connect().value();
  auto running = host.subscribe(ringside::agents_topic, {.from = ringside::From::latest}).value();
  ringside::PresenceView agents(host.presence_list(ringside::agents_topic).value());
  running.on_gap(
      [&](const ringside::Gap&) { agents.reset(host.presence_list(ringside::agents_topic).value()); });
  ringside::SubscriptionSet events(host, {.from = ringside::From::latest});
  do {
    running.poll([&agents](const ringside::Event& event) { agents.apply(event); });
    // Before the topics of those who left are let go of: what an agent says last it says before it leaves.
    while (events.poll([&lives](std::string_view topic, const ringside::Event& event) {
      show(topic, event, lives);
    }) > 0) {
    }
    for (const auto& refused : events.sync(topics_of(agents)).refused)
      std::cerr << refused.topic << ": " << refused.error.message << '\n';
  } while (lives > 0 && host.wait(std::chrono::minutes(5)) == ringside::WaitResult::event);
  return lives > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return watch_all(argc > 1 ? std::stol(argv[1]) : 1'000'000);
  } catch (const tl::bad_expected_access<ringside::ConnectError>& failure) {
    std::cerr << "watch_all: " << failure.error().message << '\n';
  } catch (const tl::bad_expected_access<ringside::RequestError>& failure) {
    std::cerr << "watch_all: " << failure.error().message << '\n';
  }
  return 1;
}
