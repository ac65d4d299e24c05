// SPDX-License-Identifier: Apache-2.0
//
// Watches every agent that runs, from one thread: says who comes and goes, and how each run ends.
//   watch_all [LIVES]     ends after so many lives
#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
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

/// How a life ended, where the event says so: one that was over before we came has its end in the snapshot.
const ringside::events::AgentShutdown* end_in(const ringside::Event& event) {
  const auto* snapshot = event.as<ringside::events::Snapshot>();
  if (snapshot == nullptr) return event.as<ringside::events::AgentShutdown>();
  return snapshot->agent() == nullptr ? nullptr : snapshot->agent()->shutdown();
}

class Lives {
 public:
  void show(std::string_view topic, const ringside::Event& event) {
    if (const auto* status = event.as<ringside::events::StatusChanged>())
      std::cout << topic << ": " << ringside::events::EnumNameAgentStatus(status->status()) << std::endl;
    const auto* end = end_in(event);
    // A snapshot behind a gap may say again what was seen.
    if (end == nullptr ||
        std::exchange(last_over_[std::string(topic)], event.incarnation()) == event.incarnation())
      return;
    std::cout << topic << ": over, " << ringside::events::EnumNameShutdownReason(end->reason()) << std::endl;
    ++over_;
  }
  [[nodiscard]] long over() const noexcept { return over_; }

 private:
  std::map<std::string, std::uint64_t> last_over_;  // of each topic, the last life whose end was shown
  long over_ = 0;
};

int watch_all(long lives_max) {
  auto host = ringside::Client::connect().value();
  auto running = host.subscribe(ringside::agents_topic, {.from = ringside::From::latest}).value();
  ringside::PresenceView agents(host.presence_list(ringside::agents_topic).value());
  running.on_gap(
      [&](const ringside::Gap&) { agents.reset(host.presence_list(ringside::agents_topic).value()); });
  // With the state first: an agent may end between its join and our subscribing.
  ringside::SubscriptionSet events(host, {.from = ringside::From::keyframe});
  Lives lives;
  do {
    running.poll([&agents](const ringside::Event& event) { agents.apply(event); });
    // Before the topics of those who left are let go of: what an agent says last it says before it leaves.
    while (events.poll([&lives](std::string_view topic, const ringside::Event& event) {
      lives.show(topic, event);
    }) > 0) {
    }
    for (const auto& refused : events.sync(topics_of(agents)).refused)
      std::cerr << refused.topic << ": " << refused.error.message << '\n';
  } while (lives.over() < lives_max && host.wait(std::chrono::minutes(5)) == ringside::WaitResult::event);
  return lives.over() < lives_max ? 1 : 0;
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
