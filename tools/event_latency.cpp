// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include "tools/arrivals.hpp"
#include "tools/core_pin.hpp"
#include "tools/duration_text.hpp"
#include "tools/interrupts.hpp"
#include "tools/latency.hpp"
#include "tools/latency_histogram.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::nanoseconds pace = std::chrono::milliseconds(1);
constexpr std::chrono::seconds arrival_timeout(10);
constexpr std::string_view what_is_measured =
    "From right before publish() in this process to the first line of its handler, one event of 32 bytes of "
    "data each\n"
    "millisecond: the request over agentd's socket, its check, the writing role, the ring, and the handler's "
    "thread that\n"
    "finds it. `accepted` is the part that every event has, whoever publishes it: from agentd's stamp on it "
    "to the handler.\n";

enum class Handler { spinning, asleep };

struct Measured {
  Handler handler;
  LatencyHistogram whole;
  LatencyHistogram accepted;
  std::uint64_t events = 0;
};

/// An agent of our own for as long as this lives, idle, with a child that waits for its input to end. We are its only
/// viewer: should this process be killed, our presence ends with it, and the agent a second later.
class TemporaryAgent {
 public:
  static expected<TemporaryAgent, ExitCode> start(Client& client) {
    TemporaryAgent agent(client, fmt::format("latency-{}", getpid()));
    const std::string viewers = "conversation:" + agent.id_;
    auto viewer = client.track(viewers, "latency");
    if (!viewer) return unexpected<ExitCode>(report("track latency", viewer.error()));
    agent.viewer_.emplace(std::move(*viewer));
    StartOptions options;
    options.runner = ExecRunner{{"sh", "-c", "cat >/dev/null"}, "/"};
    options.presence_topic = viewers;
    options.grace_period = std::chrono::seconds(1);
    options.inactivity = std::chrono::milliseconds(0);
    options.stay_idle = true;
    auto started = client.start(agent.id_, options);
    if (!started) return unexpected<ExitCode>(report("start " + agent.id_, started.error()));
    agent.running_ = started->created;
    if (!started->created) {
      complain(fmt::format(
          "latency: an agent {} runs already, which is not ours; `ringside stop {}`, then try again",
          agent.id_, agent.id_));
      return unexpected<ExitCode>(ExitCode::unmet);
    }
    return agent;
  }
  TemporaryAgent(TemporaryAgent&& other) noexcept
      : client_(other.client_),
        id_(std::move(other.id_)),
        viewer_(std::move(other.viewer_)),
        running_(std::exchange(other.running_, false)) {}
  TemporaryAgent& operator=(TemporaryAgent&&) = delete;
  ~TemporaryAgent() {
    if (!running_ || client_.daemon_gone()) return;
    if (auto stopped = client_.stop(id_); !stopped) report("stop " + id_, stopped.error());
  }

  [[nodiscard]] const std::string& id() const noexcept { return id_; }

 private:
  TemporaryAgent(Client& client, std::string id) : client_(client), id_(std::move(id)) {}

  Client& client_;
  std::string id_;
  std::optional<Tracking> viewer_;
  bool running_ = false;
};

void handle_until_stopped(const std::stop_token& stop, Subscription& subscription, Handler how,
                          Arrivals& arrivals) {
  const auto handler = [&arrivals](const Event& event) {
    const Clock::time_point now = Clock::now();
    const auto host = std::chrono::system_clock::now().time_since_epoch();
    arrivals.came({event.sequence(), now, std::chrono::nanoseconds(host).count() - event.time_ns()});
  };
  while (!stop.stop_requested()) {
    if (how == Handler::asleep) subscription.wait(std::chrono::milliseconds(100));
    const SubscriptionState state = subscription.poll(handler).state;
    if (state != SubscriptionState::live && state != SubscriptionState::pending) {
      arrivals.ended(state);
      return;
    }
  }
}

events::EventT small_event() {
  events::CustomT custom;
  custom.name = "latency";
  custom.data.resize(32);
  events::EventT event;
  event.payload.Set(std::move(custom));
  return event;
}

/// Sleeps until `at`; true if it was interrupted.
bool sleep_until(Clock::time_point at, const Interrupts& interrupts) {
  const auto left = std::max(Clock::duration::zero(), at - Clock::now());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  const timespec timeout = {seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
  pollfd wait{interrupts.fd(), POLLIN, 0};
  return ppoll(&wait, 1, &timeout, nullptr) == 1;
}

ExitCode no_arrival(Client& client, Arrivals& arrivals, std::uint64_t sequence) {
  if (client.daemon_gone()) {
    complain("latency: agentd is gone; look at its log");
    return ExitCode::unavailable;
  }
  if (const auto end = arrivals.end()) {
    complain(fmt::format("latency: the subscription ended: {}", state_name(*end)));
    return ExitCode::unavailable;
  }
  complain(fmt::format("latency: event {} was published and did not come within {} s", sequence,
                       arrival_timeout.count()));
  return ExitCode::timed_out;
}

/// Publishes at the pace until `end`. Anything but `done` ended it before.
ExitCode publish_until(Clock::time_point end, Client& client, const std::string& agent, Arrivals& arrivals,
                       const Interrupts& interrupts, Measured& measured) {
  const events::EventT event = small_event();
  for (Clock::time_point next = Clock::now(); next < end; next = std::max(next + pace, Clock::now())) {
    if (sleep_until(next, interrupts)) return ExitCode::interrupted;
    const Clock::time_point begin = Clock::now();
    const auto published = client.publish(agent, event);
    if (!published) return report("publish to " + agent, published.error());
    const auto arrival = arrivals.wait(published->first_sequence, arrival_timeout);
    if (!arrival) return no_arrival(client, arrivals, published->first_sequence);
    if (arrival->sequence != published->first_sequence) continue;  // somebody else's event came on top of it
    ++measured.events;
    measured.whole.record_paced(static_cast<std::uint64_t>((arrival->at - begin).count()),
                                static_cast<std::uint64_t>(pace.count()));
    // The host's clock may have been set back meanwhile.
    measured.accepted.record_paced(
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, arrival->since_accepted_ns)),
        static_cast<std::uint64_t>(pace.count()));
  }
  return ExitCode::done;
}

ExitCode measure(Client& client, const std::string& agent, const LatencyArguments& arguments,
                 const Interrupts& interrupts, Measured& measured) {
  auto subscription = client.subscribe_agent(agent, {.from = From::latest});
  if (!subscription) return report("tail " + agent, subscription.error());
  Arrivals arrivals;
  const std::jthread handler([&](const std::stop_token& stop) {
    if (!arguments.cores.empty()) pin_to_core(arguments.cores.front());
    handle_until_stopped(stop, *subscription, measured.handler, arrivals);
  });
  const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                   std::chrono::duration<double>(arguments.seconds / 2));
  return publish_until(end, client, agent, arrivals, interrupts, measured);
}

void append_json(std::string& out, const Measured& measured) {
  const auto append = [&out](const LatencyHistogram& histogram) {
    fmt::format_to(std::back_inserter(out), R"({{"p50_ns":{},"p99_ns":{},"p999_ns":{},"max_ns":{}}})",
                   histogram.per_mille(500), histogram.per_mille(990), histogram.per_mille(999),
                   histogram.max());
  };
  fmt::format_to(std::back_inserter(out),
                 R"({{"measure":"publish_to_handler","handler":"{}","events":{},"whole":)",
                 measured.handler == Handler::spinning ? "spinning" : "asleep", measured.events);
  append(measured.whole);
  out += R"(,"accepted":)";
  append(measured.accepted);
  out += "}\n";
}

void append_text(std::string& out, const Measured& measured) {
  const auto append = [&](std::string_view handler, std::string_view part,
                          const LatencyHistogram& histogram) {
    fmt::format_to(std::back_inserter(out), "{:16}  {:9}  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}\n", handler, part,
                   measured.events, duration_text(histogram.per_mille(500)),
                   duration_text(histogram.per_mille(990)), duration_text(histogram.per_mille(999)),
                   duration_text(histogram.max()));
  };
  append(measured.handler == Handler::spinning ? "poll(), spinning" : "wait(), asleep", "whole",
         measured.whole);
  append("", "accepted", measured.accepted);
}

}  // namespace

ExitCode event_latency(const ConnectOptions& endpoint, const LatencyArguments& arguments) {
  const Interrupts interrupts;
  auto client = Client::connect(endpoint);
  if (!client) return report(client.error());
  auto agent = TemporaryAgent::start(*client);
  if (!agent) return agent.error();
  // After the client's own thread was made: that one stays free to go anywhere.
  if (arguments.cores.size() > 1) pin_to_core(arguments.cores[1]);
  if (!arguments.json) {
    print(fmt::format("{}\n{:16}  {:9}  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}\n", what_is_measured, "HANDLER",
                      "PART", "EVENTS", "P50", "P99", "P99.9", "MAX"));
  }
  for (const Handler handler : {Handler::spinning, Handler::asleep}) {
    Measured measured{.handler = handler, .whole = {}, .accepted = {}};
    const ExitCode code = measure(*client, agent->id(), arguments, interrupts, measured);
    std::string out;
    if (measured.events != 0) arguments.json ? append_json(out, measured) : append_text(out, measured);
    print(out);
    if (code != ExitCode::done) return code;
  }
  return ExitCode::done;
}

}  // namespace ringside::tools
