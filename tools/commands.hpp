// SPDX-License-Identifier: Apache-2.0
//
// The commands of `ringside`, each in a file of its own: `<command>_command.cpp`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <ringside/client.hpp>

#include "tools/exit_code.hpp"

namespace ringside::tools {

/// The command line, understood. `run` is what the chosen command does.
struct Invocation {
  ConnectOptions endpoint;
  std::vector<std::string> after_dashes;  ///< the words after the first `--`, as they were given
  std::function<ExitCode()> run;
};

void add_start_command(CLI::App& app, Invocation& invocation);
void add_execute_command(CLI::App& app, Invocation& invocation);
void add_send_command(CLI::App& app, Invocation& invocation);
void add_resume_command(CLI::App& app, Invocation& invocation);
void add_dismiss_command(CLI::App& app, Invocation& invocation);
void add_cancel_command(CLI::App& app, Invocation& invocation);
void add_touch_command(CLI::App& app, Invocation& invocation);
void add_stop_command(CLI::App& app, Invocation& invocation);
void add_list_command(CLI::App& app, Invocation& invocation);
void add_status_command(CLI::App& app, Invocation& invocation);
void add_tail_command(CLI::App& app, Invocation& invocation);
void add_stat_command(CLI::App& app, Invocation& invocation);
void add_top_command(CLI::App& app, Invocation& invocation);
void add_pub_command(CLI::App& app, Invocation& invocation);
void add_presence_command(CLI::App& app, Invocation& invocation);
void add_inspect_command(CLI::App& app, Invocation& invocation);
void add_latency_command(CLI::App& app, Invocation& invocation);
void add_bench_command(CLI::App& app, Invocation& invocation);

}  // namespace ringside::tools
