// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>

#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agentd/config.hpp"
#include "agentd/daemon.hpp"
#include "agentd/log_sink.hpp"
#include "agentd/version.hpp"

namespace {

using namespace ringside::agentd;

int complain(int exit_code, const std::string& message) {
  fmt::print(stderr, "agentd: {}\n", message);
  return exit_code;
}

int run(int argc, char** argv) {
  std::string config_path;
  std::optional<std::string> namespace_name;
  std::optional<std::string> socket;
  bool check_only = false;
  CLI::App app{"Runs agents and carries their events to every process of this host, through shared memory.",
               "agentd"};
  app.option_defaults()->take_last();
  app.set_version_flag("--version", std::string("agentd ") + version);
  app.add_option("--config", config_path,
                 fmt::format("Configuration, TOML (default: {} if it is there)", RINGSIDE_CONFIG_FILE))
      ->type_name("FILE");
  app.add_option("--namespace", namespace_name, "Which agentd of this host: a name (default: default)")
      ->type_name("NAME");
  app.add_option("--socket", socket, "Where to listen, in place of the namespace's own socket")
      ->type_name("PATH");
  app.add_flag("--check-config", check_only,
               "Look at the configuration, say what is wrong with it, and exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return complain(EX_USAGE, fmt::format("{}; see agentd --help", error.what()));
  }

  if (config_path.empty() && std::filesystem::exists(RINGSIDE_CONFIG_FILE))
    config_path = RINGSIDE_CONFIG_FILE;
  auto config = config_path.empty() ? Config{} : load_config(config_path);
  if (!config) return complain(EX_CONFIG, config.error().message);
  if (namespace_name) {
    if (!valid_namespace_name(*namespace_name)) {
      return complain(
          EX_USAGE,
          fmt::format("--namespace: '{}' is no namespace: 1 to 64 letters, digits, '-', '_' or '.', "
                      "and no '.' in front",
                      *namespace_name));
    }
    config->namespace_name = *namespace_name;
  }
  if (socket) config->socket = *socket;
  if (check_only) return 0;

  log_to_standard_error();
  spdlog::set_level(spdlog::level::from_str(config->log_level));
  auto daemon = Daemon::create(std::move(*config));
  if (!daemon) return complain(daemon.error().exit_code, daemon.error().message);
  (*daemon)->run();
  return EX_OK;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return complain(EX_SOFTWARE, fmt::format("ended by an error that nobody expected: {}", error.what()));
  }
}
