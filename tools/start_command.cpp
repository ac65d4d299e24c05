// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "tools/commands.hpp"
#include "tools/interrupts.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

struct StartArguments {
  std::string agent;
  std::string runner;
  std::string source;
  std::vector<std::string> command;
  std::string speed = "1";
  std::string presence_topic;
  std::optional<std::uint64_t> grace_ms;
  std::optional<std::uint64_t> inactivity_ms;
  bool idle = false;
};

constexpr std::uint64_t period_ms_max = 1000ULL * 60 * 60 * 24 * 365;

ExitCode wrong_start(std::string_view text) {
  complain(fmt::format("start: {}; `ringside start --help` tells more", text));
  return ExitCode::usage;
}

/// A factor of the recorded pace, 0 for `max`.
std::optional<double> parse_speed(std::string_view text) {
  if (text == "max") return 0.0;
  double speed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(speed) || speed <= 0) return std::nullopt;
  return speed;
}

std::optional<std::chrono::milliseconds> period(const std::optional<std::uint64_t>& ms) {
  if (!ms) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(*ms, period_ms_max)));
}

/// The options of the runner, or what was wrong with them. Paths are made whole here:
/// agentd has another folder.
expected<std::variant<ReplayRunner, ExecRunner>, std::string> runner_of(const StartArguments& arguments) {
  std::error_code ignored;
  if (arguments.runner == "replay") {
    if (arguments.source.empty()) return unexpected<std::string>("--runner replay needs --source FILE");
    if (!arguments.command.empty())
      return unexpected<std::string>("--runner replay takes no command after --");
    const auto speed = parse_speed(arguments.speed);
    if (!speed) {
      return unexpected<std::string>(
          fmt::format("--speed {} is neither a number greater than 0 nor `max`", arguments.speed));
    }
    const auto source = std::filesystem::absolute(arguments.source, ignored);
    return ReplayRunner{source.lexically_normal().string(), *speed};
  }
  if (!arguments.source.empty())
    return unexpected<std::string>("--runner exec takes no --source, but -- CMD...");
  if (arguments.command.empty()) return unexpected<std::string>("--runner exec needs its command: -- CMD...");
  return ExecRunner{arguments.command, std::filesystem::current_path(ignored).string()};
}

ExitCode start(const Invocation& invocation, const StartArguments& arguments) {
  end_when_interrupted();
  auto runner = runner_of(arguments);
  if (!runner) return wrong_start(runner.error());
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  StartOptions options;
  options.runner = std::move(*runner);
  options.presence_topic = arguments.presence_topic;
  options.grace_period = period(arguments.grace_ms);
  options.inactivity = period(arguments.inactivity_ms);
  options.stay_idle = arguments.idle;
  auto started = client->start(arguments.agent, options);
  if (!started) return report("start " + arguments.agent, started.error());
  print(started->created ? "created\n" : "existing\n");
  return ExitCode::done;
}

}  // namespace

void add_start_command(CLI::App& app, Invocation& invocation) {
  auto arguments = std::make_shared<StartArguments>();
  CLI::App* command =
      app.add_subcommand("start", "Start an agent, or find it running: prints `created` or `existing`");
  command->add_option("AGENT", arguments->agent, "The agent's id")->type_name("")->required();
  command->add_option("--runner", arguments->runner, "What does its work: `replay` or `exec`")
      ->type_name("R")
      ->required()
      ->check(CLI::IsMember({"replay", "exec"}));
  command->add_option("--source", arguments->source, "replay: the recorded stream, a file")
      ->type_name("FILE");
  command->add_option("--speed", arguments->speed, "replay: a factor of the recorded pace, or `max`")
      ->type_name("S")
      ->capture_default_str();
  command
      ->add_option("--presence-topic", arguments->presence_topic,
                   "Count the viewers there, and end the agent when the last has left")
      ->type_name("T");
  command
      ->add_option("--grace", arguments->grace_ms,
                   "How long after the last viewer left, in ms (agentd's default)")
      ->type_name("MS")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--inactivity", arguments->inactivity_ms,
                   "End the agent after so many ms without activity; 0: never (agentd's default)")
      ->type_name("MS")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--idle", arguments->idle, "Start without a first run");
  command->add_option("CMD", arguments->command, "exec: the child and its arguments, after `--`")
      ->type_name("");
  command->callback([&invocation, arguments] {
    // As they were given: the parser would take a word in brackets for a list.
    if (!arguments->command.empty()) arguments->command = invocation.after_dashes;
    invocation.run = [&invocation, arguments] { return start(invocation, *arguments); };
  });
}

}  // namespace ringside::tools
