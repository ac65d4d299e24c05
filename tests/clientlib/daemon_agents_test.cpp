// SPDX-License-Identifier: Apache-2.0
//
// Agents of a real agentd, and clients that speak to them at the same time.
#include <array>
#include <atomic>
#include <barrier>
#include <fstream>
#include <optional>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "tests/clientlib/child.hpp"
#include "tests/clientlib/daemon_host.hpp"

namespace ringside {
namespace {

using test::DaemonTest;

/// Ends no run before somebody has written a line into the pipe that is its first argument.
constexpr const char* patient_agent =
    R"(while read -r line; do
         case $line in
           *execute*) read -r go < "$1"; echo '{"kind":"status_changed","event":{"status":"idle"}}' ;;
           *stop*) exit 0 ;;
         esac
       done)";

/// Asks ask-1, ask-2, ... one after another, whatever it is told.
constexpr const char* asking_agent =
    R"(n=0
       while read -r line; do
         case $line in
           *stop*) exit 0 ;;
           *) n=$((n + 1))
              printf '{"kind":"status_changed","event":{"status":"interrupted","interrupt":{"id":"ask-%d","data_type":"question","data":{"type":"single_select","text":"Which?","options":[{"value":"a"},{"value":"b"}]}}}}\n' "$n" ;;
         esac
       done)";

/// Halts, once it is told to run.
constexpr const char* halting_agent =
    R"(while read -r line; do
         case $line in
           *stop*) exit 0 ;;
           *) echo '{"kind":"status_changed","event":{"status":"interrupted","interrupt":{"id":"halt-1","data_type":"halt","data":{"message":"Enough."}}}}' ;;
         esac
       done)";

ExecRunner shell(const char* script, std::vector<std::string> arguments = {}) {
  ExecRunner exec{.argv = {"/bin/sh", "-c", script, "sh"}};
  exec.argv.insert(exec.argv.end(), arguments.begin(), arguments.end());
  return exec;
}

events::AnswerT select(std::string value) {
  events::QuestionAnswerT question;
  question.selected.push_back(std::move(value));
  events::AnswerT answer;
  answer.data.Set(std::move(question));
  return answer;
}

class DaemonAgents : public DaemonTest {
 protected:
  /// Reads on to the next status of that name.
  static bool read_until_status(Subscription& subscription, events::AgentStatus wanted) {
    return read_until(subscription, [wanted](const Event& event) {
      const auto* changed = event.as<events::StatusChanged>();
      return changed != nullptr && changed->status() == wanted;
    });
  }
};

TEST_F(DaemonAgents, OfSixteenStartsAtOnceOneCreatesAndFifteenFind) {
  constexpr unsigned callers = 16;
  constexpr unsigned rounds = 20;
  std::array<std::atomic<unsigned>, rounds> created{};
  std::array<std::atomic<unsigned>, rounds> existing{};
  std::barrier together(callers);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < callers; ++i) {
    threads.emplace_back([&] {
      Client client = connect();
      for (unsigned round = 0; round < rounds; ++round) {
        together.arrive_and_wait();
        const auto started =
            client.start("agent-" + std::to_string(round), {.runner = test::sample(), .stay_idle = true});
        // relaxed: joined before it is read
        if (started)
          (started->created ? created : existing).at(round).fetch_add(1, std::memory_order::relaxed);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  for (unsigned round = 0; round < rounds; ++round) {
    // relaxed: the writers have been joined
    EXPECT_EQ(created.at(round).load(std::memory_order::relaxed), 1U);
    EXPECT_EQ(existing.at(round).load(std::memory_order::relaxed), callers - 1);
  }
}

TEST_F(DaemonAgents, NotRunningAndNoSuchAgentAreTwoAnswers) {
  EXPECT_EQ(client_.find("ada").error().fault, RequestFault::no_such_agent);
  EXPECT_EQ(client_.resume("ada", "i", select("a")).error().fault, RequestFault::no_such_agent);
  ASSERT_TRUE(client_.start("ada", {.runner = test::sample(), .stay_idle = true}));
  EXPECT_EQ(client_.find("ada").value().status, events::AgentStatus::idle);
  Subscription events = client_.subscribe_agent("ada").value();
  ASSERT_TRUE(client_.stop("ada"));
  ASSERT_TRUE(
      read_until(events, [](const Event& event) { return event.kind() == events::Payload::agent_shutdown; }));
  EXPECT_EQ(client_.find("ada").error().fault, RequestFault::not_running);
  EXPECT_EQ(client_.send("ada", "hello").error().fault, RequestFault::not_running);
  EXPECT_EQ(client_.resume("ada", "i", select("a")).error().fault, RequestFault::not_running);
  EXPECT_EQ(client_.dismiss("ada", "i").error().fault, RequestFault::not_running);
}

TEST_F(DaemonAgents, AnUnreachableDaemonIsAnotherAnswer) {
  const std::string socket = sandbox_.socket().string();
  sandbox_.kill_daemon();
  EXPECT_EQ(client_.find("ada").error().fault, RequestFault::daemon_gone);
  // Its socket may be there for a moment after its connections: then it hangs up on the greeting.
  const ConnectFault fault = Client::connect({.socket = socket}).error().fault;
  EXPECT_TRUE(fault == ConnectFault::unreachable || fault == ConnectFault::daemon_gone) << fault_name(fault);
  EXPECT_EQ(Client::connect({.socket = socket + ".other"}).error().fault, ConnectFault::no_socket);
}

TEST_F(DaemonAgents, NotAllowedIsTheFourth) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const std::string socket = sandbox_.socket().string();
  test::Child somebody([&socket] {
    if (setresuid(65534, 65534, 65534) != 0) return 2;
    const auto client = Client::connect({.socket = socket});
    return !client && client.error().fault == ConnectFault::not_allowed ? 0 : 1;
  });
  EXPECT_EQ(somebody.wait(), 0);
}

/// Each agent is about to end for want of viewers when one comes.
TEST_F(DaemonAgents, AViewerThatComesAtTheDeadlineNeverGetsADeadAgent) {
  const StartOptions options{.runner = test::sample(),
                             .presence_topic = "conversation:7",
                             .grace_period = std::chrono::milliseconds(1),
                             .stay_idle = true};
  for (int round = 0; round < 200; ++round) {
    ASSERT_TRUE(client_.start("ada", options));
    for (int spent = 0; spent < round % 20; ++spent)
      ASSERT_TRUE(client_.presence_list("conversation:7"));
    const Tracking viewer = client_.track("conversation:7", "user-7").value();
    const auto found = client_.start("ada", options);
    ASSERT_TRUE(found) << found.error().message;
    const auto agent = client_.find("ada");
    ASSERT_TRUE(agent) << agent.error().message;
    EXPECT_EQ(agent->incarnation, found->incarnation);
    EXPECT_EQ(agent->viewers, 1U);
  }
}

TEST_F(DaemonAgents, AMessageWaitsForTheRunningRunAndIsToldUnderItsIdWhenItsTurnComes) {
  const std::string pipe = (sandbox_.folder() / "go").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  Subscription events = client_.subscribe_agent("ada").value();
  ASSERT_TRUE(client_.start("ada", {.runner = shell(patient_agent, {pipe})}));
  ASSERT_TRUE(read_until_status(events, events::AgentStatus::running));
  const Sent sent = client_.send("ada", "and then?").value();
  EXPECT_TRUE(sent.queued);
  ASSERT_TRUE(read_until(events, [&sent](const Event& event) {
    const auto* queued = event.as<events::MessageQueued>();
    return queued != nullptr && queued->message()->id()->string_view() == sent.message_id;
  }));
  std::ofstream(pipe) << "go\n";
  std::vector<std::string> between;
  ASSERT_TRUE(read_until(events, [&](const Event& event) {
    if (const auto* changed = event.as<events::StatusChanged>())
      between.emplace_back(events::EnumNameAgentStatus(changed->status()));
    const auto* message = event.as<events::LlmMessage>();
    return message != nullptr && message->message()->id()->string_view() == sent.message_id;
  }));
  EXPECT_EQ(between, std::vector<std::string>{});  // not through idle
  std::ofstream(pipe) << "go\n";
  EXPECT_TRUE(read_until_status(events, events::AgentStatus::idle));
}

TEST_F(DaemonAgents, OfTwoClientsThatAnswerAtOnceOneIsAcceptedAndTheOtherTold) {
  constexpr unsigned rounds = 50;  // a thousand are gone in tests/agentd
  Subscription events = client_.subscribe_agent("ada").value();
  ASSERT_TRUE(client_.start("ada", {.runner = shell(asking_agent)}));
  std::barrier both(3);
  std::array<std::optional<RequestFault>, 2> said;
  std::vector<std::thread> threads;
  for (std::size_t which = 0; which < 2; ++which) {
    threads.emplace_back([&, which] {
      Client client = connect();
      for (unsigned round = 1; round <= rounds; ++round) {
        both.arrive_and_wait();
        const auto run = client.resume("ada", "ask-" + std::to_string(round), select(which == 0 ? "a" : "b"));
        said.at(which) = run ? std::nullopt : std::optional(run.error().fault);
        both.arrive_and_wait();
      }
    });
  }
  unsigned accepted = 0;
  unsigned told = 0;
  for (unsigned round = 1; round <= rounds; ++round) {
    EXPECT_TRUE(read_until_status(events, events::AgentStatus::interrupted));
    both.arrive_and_wait();
    both.arrive_and_wait();
    for (const auto& fault : said) {
      accepted += fault ? 0U : 1U;
      told += fault == RequestFault::already_answered ? 1U : 0U;
    }
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(accepted, rounds);
  EXPECT_EQ(told, rounds);
}

TEST_F(DaemonAgents, AnAnswerThatIsNoneIsRefusedWithItsPlaceAndTheInterruptWaitsOn) {
  Subscription events = client_.subscribe_agent("ada").value();
  ASSERT_TRUE(client_.start("ada", {.runner = shell(asking_agent)}));
  ASSERT_TRUE(read_until_status(events, events::AgentStatus::interrupted));
  const auto refused = client_.resume("ada", "ask-1", select("c"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, RequestFault::bad_answer);
  EXPECT_NE(refused.error().message.find("question.selected[0]"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(client_.resume("ada", "ask-2", select("a")).error().fault, RequestFault::no_such_interrupt);
  EXPECT_EQ(client_.dismiss("ada", "ask-1").error().fault, RequestFault::bad_answer);
  EXPECT_EQ(client_.find("ada").value().status, events::AgentStatus::interrupted);
  EXPECT_TRUE(client_.resume("ada", "ask-1", select("a")));
}

TEST_F(DaemonAgents, AMessageSupersedesWhatAnAgentAsks) {
  Subscription events = client_.subscribe_agent("ada").value();
  ASSERT_TRUE(client_.start("ada", {.runner = shell(asking_agent)}));
  ASSERT_TRUE(read_until_status(events, events::AgentStatus::interrupted));
  EXPECT_FALSE(client_.send("ada", "never mind").value().queued);
  EXPECT_TRUE(read_until_status(events, events::AgentStatus::idle));
  EXPECT_TRUE(read_until_status(events, events::AgentStatus::interrupted));
  EXPECT_EQ(client_.resume("ada", "ask-1", select("a")).error().fault, RequestFault::no_such_interrupt);
  EXPECT_TRUE(client_.resume("ada", "ask-2", select("a")));
}

TEST_F(DaemonAgents, AHaltIsDismissedAndNotAnswered) {
  Subscription events = client_.subscribe_agent("ada").value();
  ASSERT_TRUE(client_.start("ada", {.runner = shell(halting_agent)}));
  ASSERT_TRUE(read_until_status(events, events::AgentStatus::interrupted));
  EXPECT_EQ(client_.resume("ada", "halt-1", select("a")).error().fault, RequestFault::bad_answer);
  EXPECT_TRUE(client_.dismiss("ada", "halt-1"));
  EXPECT_TRUE(read_until_status(events, events::AgentStatus::idle));
  EXPECT_EQ(client_.dismiss("ada", "halt-1").error().fault, RequestFault::already_answered);
}

}  // namespace
}  // namespace ringside
