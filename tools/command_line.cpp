// SPDX-License-Identifier: Apache-2.0
#include "tools/command_line.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "tools/commands.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

constexpr std::string_view exit_codes =
    "Exit codes: 0 done, 1 ended without meeting what was asked, 64 usage, 65 bad data,\n"
    "66 no such file, 67 no such agent or topic, 68 the agent does not run, 69 no daemon,\n"
    "75 events were missed, 77 not allowed, 124 timeout, 130 interrupted. ringside(1) tells\n"
    "more.";

void add_global_options(CLI::App& app, Invocation& invocation) {
  CLI::Option* socket =
      app.add_option("--socket", invocation.endpoint.socket, "agentd's control socket, a path")
          ->type_name("PATH");
  app.add_option("--namespace", invocation.endpoint.namespace_name, "agentd's namespace (default: default)")
      ->type_name("N")
      ->excludes(socket);
  app.set_version_flag("--version", std::string("ringside ") + RINGSIDE_VERSION);
}

void add_commands(CLI::App& app, Invocation& invocation) {
  add_start_command(app, invocation);
  add_execute_command(app, invocation);
  add_send_command(app, invocation);
  add_resume_command(app, invocation);
  add_dismiss_command(app, invocation);
  add_cancel_command(app, invocation);
  add_touch_command(app, invocation);
  add_stop_command(app, invocation);
  add_list_command(app, invocation);
  add_status_command(app, invocation);
  add_tail_command(app, invocation);
  add_stat_command(app, invocation);
  add_top_command(app, invocation);
  add_pub_command(app, invocation);
  add_presence_command(app, invocation);
  add_inspect_command(app, invocation);
  add_latency_command(app, invocation);
  add_bench_command(app, invocation);
  // Not those that pass their arguments on as they are.
  for (CLI::App* command : app.get_subcommands({}))
    command->fallthrough(!command->get_prefix_command());
}

/// The words that stand where a command should, if they are none; else empty.
std::string unknown_command(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* group = &app;
  std::string path;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--namespace" || words[i] == "--socket") {
      ++i;  // its value
    } else if (!words[i].starts_with('-')) {
      path += (path.empty() ? "" : " ") + words[i];
      const auto named =
          group->get_subcommands([&](const CLI::App* each) { return each->check_name(words[i]); });
      if (named.empty()) return path;
      group = named.front();
      if (group->get_subcommands([](const CLI::App*) { return true; }).empty()) return "";
    }
  }
  return "";
}

ExitCode usage_error(const CLI::App& app, const std::vector<std::string>& words,
                     const CLI::ParseError& error) {
  const std::string unknown = unknown_command(app, words);
  const auto chosen = app.get_subcommands();
  if (!unknown.empty()) {
    complain(fmt::format("no command {}; `ringside --help` lists them", unknown));
  } else if (chosen.empty()) {
    complain(fmt::format("{}; `ringside --help` tells more", words.empty() ? "no command" : error.what()));
  } else {
    const std::string name = chosen.front()->get_name();
    complain(fmt::format("{}: {}; `ringside {} --help` tells more", name, error.what(), name));
  }
  return ExitCode::usage;
}

}  // namespace

ExitCode run_command_line(int argc, const char* const* argv) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  Invocation invocation;
  const auto dashes = std::ranges::find(words, "--");
  if (dashes != words.end()) invocation.after_dashes.assign(std::next(dashes), words.end());

  CLI::App app("Live streams of LLM agents: start them, watch them, speak to them.", "ringside");
  app.require_subcommand(1);
  app.footer(std::string(exit_codes));
  add_global_options(app, invocation);
  add_commands(app, invocation);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return ExitCode::done;
  } catch (const CLI::CallForVersion& version) {
    print(std::string(version.what()) + "\n");
    return ExitCode::done;
  } catch (const CLI::ParseError& error) {
    return usage_error(app, words, error);
  }
  return invocation.run();
}

}  // namespace ringside::tools
