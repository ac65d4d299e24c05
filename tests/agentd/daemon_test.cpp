// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "agentd/namespace_objects.hpp"
#include "tests/agentd/agentd_process.hpp"
#include "tests/agentd/control_client.hpp"

namespace ringside::agentd {
namespace {

TEST(Daemon, RefusesAWrongCommandLine) {
  TemporaryFolder folder;
  const Ended ended = run_agentd(folder, {"--sokcet", "x"});
  EXPECT_EQ(ended.exit_code, EX_USAGE);
  EXPECT_NE(ended.log.find("--sokcet"), std::string::npos) << ended.log;
  EXPECT_EQ(run_agentd(folder, {"--namespace", "a/b"}).exit_code, EX_USAGE);
}

TEST(Daemon, RefusesAWrongConfigurationByFileAndLine) {
  TemporaryFolder folder;
  const std::string path = folder.path() / "agentd.toml";
  std::ofstream(path) << "[agent]\ngrace = 5\n";
  const Ended ended = run_agentd(folder, {"--config", path, "--check-config"});
  EXPECT_EQ(ended.exit_code, EX_CONFIG);
  EXPECT_EQ(ended.log.rfind("agentd: " + path + ":2: unknown key 'agent.grace'", 0), 0U) << ended.log;
  std::ofstream(path) << "[agent]\ngrace_period_ms = 5\n";
  EXPECT_EQ(run_agentd(folder, {"--config", path, "--check-config"}).exit_code, 0);
}

TEST(Daemon, SaysWhatToDoWhereThereIsNoPlaceForTheSocket) {
  TemporaryFolder folder;
  const Ended ended = run_agentd(folder, {});
  EXPECT_EQ(ended.exit_code, EX_CONFIG);
  EXPECT_NE(ended.log.find("XDG_RUNTIME_DIR"), std::string::npos) << ended.log;
}

TEST(Daemon, RefusesToBeTheSecondOfANamespaceNamingTheFirst) {
  AgentdProcess first;
  TemporaryFolder folder;
  const Ended second = run_agentd(folder, {"--socket", first.socket()});
  EXPECT_EQ(second.exit_code, EX_TEMPFAIL);
  EXPECT_NE(second.log.find("served already, by process " + std::to_string(first.pid())), std::string::npos)
      << second.log;
  ControlClient client(first.socket());
  client.greet();
}

TEST(Daemon, ReplacesASocketThatADeadDaemonLeft) {
  AgentdProcess agentd;
  const std::string stale = agentd.folder() / "stale.sock";
  const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  stale.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(socket);
  const AgentdProcess second({"--socket", stale});  // the last --socket wins
  ControlClient client(stale);
  client.greet();
}

TEST(Daemon, LeavesWhatIsNoSocketAlone) {
  TemporaryFolder folder;
  const std::string path = folder.path() / "control.sock";
  std::ofstream(path) << "precious";
  const Ended ended = run_agentd(folder, {"--socket", path});
  EXPECT_EQ(ended.exit_code, EX_CANTCREAT);
  EXPECT_NE(ended.log.find(path), std::string::npos) << ended.log;
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

TEST(Daemon, MakesASocketThatOnlyItsUserMayUseUnderAnyUmask) {
  const mode_t before = ::umask(0);
  const AgentdProcess agentd;
  ::umask(before);
  struct stat made {};
  ASSERT_EQ(::stat(agentd.socket().c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777U, 0600U);
}

/// How many objects the namespace of that socket has.
std::size_t objects_of(const std::string& socket) {
  const NamespaceObjects names(std::filesystem::canonical(socket + ".lock"));
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    if (("/" + entry.path().filename().string()).rfind(names.prefix(), 0) == 0) ++count;
  }
  return count;
}

TEST(Daemon, DrainsOnSigtermSoThatReadersSeeEveryAgentEnd) {
  AgentdProcess agentd;
  ControlClient client(agentd.socket());
  client.greet();
  std::vector<TopicFollower> followers;
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_EQ(client.ask(start_idle(id)).error(), std::nullopt);
    followers.emplace_back(
        client.ask(subscribe_to(std::string("agent_server:") + id, control::From::oldest)));
  }
  agentd.send(SIGTERM);
  EXPECT_EQ(agentd.next_notification().rfind("STOPPING=1", 0), 0U);
  const Ended ended = agentd.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.log;
  for (TopicFollower& follower : followers) {
    const auto seen = follower.until(events::Payload::agent_shutdown);
    EXPECT_EQ(seen.back().event->payload.Asagent_shutdown()->reason, events::ShutdownReason::manual);
  }
  EXPECT_TRUE(client.hears_the_end());
  EXPECT_FALSE(std::filesystem::exists(agentd.socket()));
}

TEST(Daemon, LeavesNothingInSharedMemoryAndSweepsWhatAKilledOneLeft) {
  TemporaryFolder folder;
  const std::string socket = folder.path() / "s";
  {
    AgentdProcess killed({"--socket", socket});
    ControlClient client(socket);
    client.greet();
    ASSERT_EQ(client.ask(subscribe_to("conversation:x")).error(), std::nullopt);
    EXPECT_EQ(objects_of(socket), 1U);
    killed.stop(SIGKILL);
    EXPECT_TRUE(client.hears_the_end());
  }
  AgentdProcess next({"--socket", socket});
  EXPECT_NE(next.log().find("removed 1 objects that an earlier agentd left"), std::string::npos)
      << next.log();
  ControlClient client(socket);
  client.greet();
  ASSERT_EQ(client.ask(subscribe_to("conversation:x")).error(), std::nullopt);
  EXPECT_EQ(next.stop().exit_code, 0);
  EXPECT_EQ(objects_of(socket), 0U);
}

TEST(Daemon, NeedsNoProcessorWhileNothingHappens) {
  AgentdProcess agentd;
  ControlClient client(agentd.socket());
  client.greet();
  ASSERT_EQ(client.ask(start_idle("a")).error(), std::nullopt);
  const auto switches = [&] {
    std::ifstream status("/proc/" + std::to_string(agentd.pid()) + "/status");
    std::string line;
    long count = 0;
    while (std::getline(status, line)) {
      if (line.rfind("voluntary_ctxt_switches:", 0) == 0) count = std::stol(line.substr(line.find(':') + 1));
    }
    return count;
  };
  client.ask(control::ListT{});
  const long before = switches();
  ::usleep(1'500'000);  // the time in which nothing happens is what is tested here
  EXPECT_LE(switches() - before, 2);
}

}  // namespace
}  // namespace ringside::agentd
