// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/daemon_sandbox.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace ringside::tests {
namespace {

constexpr int ready_ms_max = 60'000;

std::filesystem::path make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "ringside-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp " + name + ": " + std::strerror(errno));
  return name;
}

/// What a service manager gives its services to say READY=1 to.
class ReadySocket {
 public:
  explicit ReadySocket(const std::filesystem::path& path)
      : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
      throw std::runtime_error("bind " + path.string() + ": " + std::strerror(errno));
  }
  ~ReadySocket() { close(fd_); }
  ReadySocket(const ReadySocket&) = delete;
  ReadySocket& operator=(const ReadySocket&) = delete;

  bool wait() const {
    for (;;) {
      pollfd look{fd_, POLLIN, 0};
      if (poll(&look, 1, ready_ms_max) <= 0) return false;
      std::array<char, 4096> message{};
      const ssize_t size = recv(fd_, message.data(), message.size(), 0);
      if (size < 0) return false;
      const std::string_view text(message.data(), static_cast<std::size_t>(size));
      if (text.find("READY=1") != std::string_view::npos) return true;
    }
  }

 private:
  int fd_;
};

}  // namespace

DaemonSandbox::DaemonSandbox(std::string_view config) : folder_(make_folder()) {
  const ReadySocket ready(folder_ / "ready");
  ChildProcess::Environment changes = environment();
  changes["NOTIFY_SOCKET"] = (folder_ / "ready").string();
  // A configuration of its own, even an empty one: never the machine's.
  const std::vector<std::string> words = {RINGSIDE_AGENTD, "--config", write_file("agentd.toml", config)};
  daemon_ = std::make_unique<ChildProcess>(words, changes);
  if (!ready.wait()) {
    daemon_->signal(SIGKILL);
    throw std::runtime_error("agentd did not become ready: " + daemon_->finish().err);
  }
}

DaemonSandbox::~DaemonSandbox() {
  if (daemon_->pid() > 0) {
    const Finished ended = stop_daemon();
    if (!killed_) {
      EXPECT_EQ(ended.exit_code, 0) << "agentd did not end well:\n" << ended.err;
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

ChildProcess::Environment DaemonSandbox::environment() const {
  return {{"XDG_RUNTIME_DIR", folder_.string()},
          {"RUNTIME_DIRECTORY", ""},
          {"RINGSIDE_SOCKET", ""},
          {"LISTEN_FDS", ""},
          {"NOTIFY_SOCKET", ""},
          {"WATCHDOG_USEC", ""}};
}

std::filesystem::path DaemonSandbox::socket() const {
  return folder_ / "ringside" / "default" / "control.sock";
}

std::string DaemonSandbox::write_file(std::string_view name, std::string_view text) const {
  const std::filesystem::path path = folder_ / name;
  std::ofstream(path, std::ios::binary) << text;
  return path.string();
}

ChildProcess DaemonSandbox::spawn(std::vector<std::string> words, ChildProcess::Environment changes) const {
  words.insert(words.begin(), RINGSIDE_COMMAND);
  changes.merge(environment());
  return {words, changes};
}

Finished DaemonSandbox::run(std::vector<std::string> words, std::string_view input) const {
  ChildProcess process = spawn(std::move(words));
  process.write_input(input);
  return process.finish();
}

void DaemonSandbox::kill_daemon() {
  killed_ = true;
  daemon_->signal(SIGKILL);
}

void DaemonSandbox::signal_daemon(int number) const {
  daemon_->signal(number);
}

Finished DaemonSandbox::stop_daemon() {
  daemon_->signal(SIGTERM);
  return daemon_->finish();
}

}  // namespace ringside::tests
