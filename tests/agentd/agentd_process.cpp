// SPDX-License-Identifier: Apache-2.0
#include "tests/agentd/agentd_process.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/namespace_objects.hpp"

extern char** environ;

namespace ringside::agentd {

namespace {

/// A hang ends the test; nothing here is expected to take a hundredth of it.
constexpr int watchdog_seconds = 60;

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Our environment without what would tell agentd where it lives or who started it.
std::vector<std::string> plain_environment() {
  std::vector<std::string> plain;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    bool names_a_place = false;
    for (const std::string_view name :
         {"RUNTIME_DIRECTORY=", "XDG_RUNTIME_DIR=", "NOTIFY_SOCKET=", "LISTEN_", "JOURNAL_STREAM="}) {
      names_a_place = names_a_place || text.rfind(name, 0) == 0;
    }
    if (!names_a_place) plain.emplace_back(text);
  }
  return plain;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts)
    all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

pid_t spawn(std::vector<std::string> arguments, std::vector<std::string> environment,
            const std::string& log) {
  arguments.insert(arguments.begin(), RINGSIDE_AGENTD);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, RINGSIDE_AGENTD, &files, nullptr, pointers(arguments).data(),
                                  pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error(std::string("agentd was not started: ") + std::strerror(error));
  return pid;
}

int wait_for(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) throw std::runtime_error("waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

AgentdProcess::AgentdProcess(const std::vector<std::string>& arguments, std::string_view config) {
  const std::string notify = folder_.path() / "notify";
  notifications_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, notify.c_str(), sizeof address.sun_path - 1);
  const timeval patience{watchdog_seconds, 0};
  ::setsockopt(notifications_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::bind(notifications_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("bind");
  }
  std::vector<std::string> all{"--socket", socket()};
  if (!config.empty()) {
    std::ofstream(folder_.path() / "agentd.toml") << config;
    all.insert(all.end(), {"--config", folder_.path() / "agentd.toml"});
  }
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = plain_environment();
  environment.push_back("NOTIFY_SOCKET=" + notify);
  pid_ = spawn(std::move(all), std::move(environment), folder_.path() / "log");
  if (next_notification().rfind("READY=1", 0) != 0) throw std::runtime_error("agentd is not ready: " + log());
}

AgentdProcess::~AgentdProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  // Nobody comes after it who would.
  const std::filesystem::path lock = socket() + ".lock";
  if (std::filesystem::exists(lock)) NamespaceObjects(std::filesystem::canonical(lock)).sweep();
  ::close(notifications_);
}

std::string AgentdProcess::log() const {
  return read_all(folder_.path() / "log");
}

std::string AgentdProcess::next_notification() {
  std::array<char, 1024> text{};
  const ssize_t size = ::recv(notifications_, text.data(), text.size(), 0);
  if (size < 0) throw std::runtime_error("agentd says nothing: " + log());
  return {text.data(), static_cast<std::size_t>(size)};
}

Ended AgentdProcess::wait() {
  const int exit_code = wait_for(pid_);
  pid_ = -1;
  return {exit_code, log()};
}

Ended run_agentd(const TemporaryFolder& folder, const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment) {
  std::vector<std::string> all = plain_environment();
  all.insert(all.end(), environment.begin(), environment.end());
  const std::string log = folder.path() / "log-of-one-run";
  std::filesystem::remove(log);
  const int exit_code = wait_for(spawn(arguments, std::move(all), log));
  return {exit_code, read_all(log)};
}

}  // namespace ringside::agentd
