// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include <fmt/format.h>

#include "tools/commands.hpp"
#include "tools/core_pin.hpp"
#include "tools/latency.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

constexpr double seconds_max = 24 * 3600;

ExitCode latency(const Invocation& invocation, const LatencyArguments& arguments) {
  std::string fault;
  if (!(arguments.seconds > 0 && arguments.seconds <= seconds_max))
    fault = fmt::format("--seconds has to be more than 0 and at most {}", seconds_max);
  else if (!arguments.intrinsic && arguments.cores.size() > 2)
    fault = "--core takes two here: the handler's, then the publisher's";
  else
    fault = fault_of_cores(arguments.cores);
  if (!fault.empty()) {
    complain("latency: " + fault);
    return ExitCode::usage;
  }
  return arguments.intrinsic ? intrinsic_latency(arguments) : event_latency(invocation.endpoint, arguments);
}

}  // namespace

void add_latency_command(CLI::App& app, Invocation& invocation) {
  auto arguments = std::make_shared<LatencyArguments>();
  CLI::App* command =
      app.add_subcommand("latency", "How long an event takes on this host, or what the host itself takes");
  command->add_flag("--intrinsic", arguments->intrinsic,
                    "The host's own noise floor: no daemon, no event, a thread that reads the clock");
  command->add_option("--seconds", arguments->seconds, "How long to measure")
      ->type_name("S")
      ->capture_default_str();
  command
      ->add_option(
          "--core", arguments->cores,
          "Stay on these cores: of the handler, then of the publisher; with --intrinsic, one thread each")
      ->type_name("N ...");
  command->add_flag("--json", arguments->json, "One measurement a line, as JSON");
  command->callback([&invocation, arguments] {
    invocation.run = [&invocation, arguments] { return latency(invocation, *arguments); };
  });
}

}  // namespace ringside::tools
