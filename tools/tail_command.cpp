// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include <ringside/topic.hpp>

#include "tools/commands.hpp"
#include "tools/event_summary.hpp"
#include "tools/follower.hpp"
#include "tools/report.hpp"
#include "tools/topic_argument.hpp"
#include "tools/viewer.hpp"

namespace ringside::tools {
namespace {

struct TailArguments {
  std::string name;
  std::string from = "keyframe";
  bool json = false;
  bool debug = false;
  bool reliable = false;
  std::optional<std::uint64_t> count;
  std::string until;
  std::string key;
  std::optional<double> timeout_s;
};

ExitCode wrong_tail(std::string_view text) {
  complain(fmt::format("tail: {}", text));
  return ExitCode::usage;
}

std::optional<SubscribeOptions> parse_from(std::string_view text) {
  SubscribeOptions options;
  if (text == "keyframe") return options;
  if (text == "oldest" || text == "latest") {
    options.from = text == "oldest" ? From::oldest : From::latest;
    return options;
  }
  options.from = From::sequence;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), options.sequence);
  if (error != std::errc() || end != text.data() + text.size() || options.sequence == 0) return std::nullopt;
  return options;
}

std::optional<events::Payload> kind_of(std::string_view name) {
  for (const events::Payload kind : events::EnumValuesPayload()) {
    if (kind != events::Payload::NONE && tools::name_of(kind) == name) return kind;
  }
  return std::nullopt;
}

std::unique_ptr<EventView> view_for(const TailArguments& arguments, const Output& output) {
  if (arguments.json) return make_json_view();
  return output.is_terminal() ? make_live_view() : make_line_view();
}

ExitCode follow(Client& client, const TailArguments& arguments, SubscribeOptions from,
                const FollowUntil& until, const Interrupts& interrupts) {
  const Deadline deadline(arguments.timeout_s);
  const std::string topic =
      arguments.debug ? agent_debug_topic(arguments.name) : topic_of_argument(arguments.name);
  from.reliable = arguments.reliable;
  auto subscription = client.subscribe(topic, from);
  if (!subscription) return report("tail " + topic, subscription.error());
  // Subscribed first: whoever sees this viewer come knows that it misses nothing from then on.
  std::optional<Viewer> viewer;
  if (!arguments.key.empty()) {
    viewer.emplace(client, topic, arguments.key);
    if (auto entered = viewer->enter(); !entered) return report("track " + arguments.key, entered.error());
  }
  Output output(interrupts, deadline);
  const auto view = view_for(arguments, output);
  Follower follower(*subscription, *view, output, interrupts, deadline);
  if (viewer) {
    follower.on_state([&](SubscriptionState state) {
      if (state != SubscriptionState::live) return;
      if (auto entered = viewer->enter(); !entered) report("track " + arguments.key, entered.error());
    });
  }
  return follower.follow(until);
}

ExitCode tail(const Invocation& invocation, const TailArguments& arguments) {
  const auto from = parse_from(arguments.from);
  if (!from) {
    return wrong_tail(fmt::format(
        "--from {} is none of `keyframe`, `latest`, `oldest` and a sequence number from 1", arguments.from));
  }
  FollowUntil until;
  until.count = arguments.count;
  if (arguments.count && *arguments.count == 0) return wrong_tail("--count 0: it has to be 1 or more");
  if (!arguments.until.empty()) {
    until.kind = kind_of(arguments.until);
    if (!until.kind) {
      return wrong_tail(
          fmt::format("--until {}: no event has that name; ringside(1) lists them", arguments.until));
    }
  }
  if (arguments.timeout_s && !(*arguments.timeout_s >= 0))
    return wrong_tail("--timeout has to be 0 seconds or more");
  if (arguments.debug && arguments.name.find(':') != std::string::npos)
    return wrong_tail(fmt::format("--debug {}: it takes an agent, not a topic", arguments.name));
  const Interrupts interrupts;
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  return follow(*client, arguments, *from, until, interrupts);
}

}  // namespace

void add_tail_command(CLI::App& app, Invocation& invocation) {
  auto arguments = std::make_shared<TailArguments>();
  CLI::App* command =
      app.add_subcommand("tail", "Follow a topic, or an agent's main topic, and show its events");
  command->add_option("NAME", arguments->name, "A topic (with a colon in its name) or an agent")
      ->type_name("")
      ->required();
  command->add_option("--from", arguments->from, "`keyframe`, `latest`, `oldest` or a sequence number")
      ->type_name("F")
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "One event a line, as JSON");
  command->add_flag("--debug", arguments->debug, "The agent's debug topic; NAME is an agent");
  command->add_flag("--reliable", arguments->reliable,
                    "Have the ring keep what was not read yet, as far as it may");
  command->add_option("--count", arguments->count, "End after so many events")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--until", arguments->until, "End after an event of this name, e.g. agent_shutdown")
      ->type_name("EVENT");
  command->add_option("--track", arguments->key, "Be counted as a viewer under this key for as long")
      ->type_name("KEY");
  command->add_option("--timeout", arguments->timeout_s, "End after so many seconds, with 124")
      ->type_name("S");
  command->callback([&invocation, arguments] {
    invocation.run = [&invocation, arguments] { return tail(invocation, *arguments); };
  });
}

}  // namespace ringside::tools
