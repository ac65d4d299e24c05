// SPDX-License-Identifier: Apache-2.0
//
// agentd inside of a program, with an agent of the program's own in it, and middleware around every agent.
//   embedded SOCKET        then: ringside --socket SOCKET send echo "Hello"
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agentd/daemon.hpp"
#include "agentd/log_sink.hpp"
#include "examples/middleware/summarizer.hpp"
#include "examples/middleware/title_maker.hpp"

namespace {

using namespace ringside;

events::MessageT message(std::string id, events::Role role, std::string text) {
  events::MessageT made;
  made.id = std::move(id);
  made.role = role;
  made.content.push_back(std::make_unique<events::ContentPartT>());
  made.content.back()->content = std::move(text);
  return made;
}

/// Says what was said to it, and how much of the conversation its model was shown.
class Echo final : public agentd::InProcessAgent {
 public:
  agentd::RunOutcome run(const agentd::RunRequest& request, agentd::AgentRun& run) override {
    const std::string said = request.message ? request.message->text : "nothing";
    history_.push_back(message("user", events::Role::user, said));
    agentd::ModelRequest asked{history_};
    run.before_model(asked);

    const std::string id = "echo-" + std::to_string(request.incarnation) + "-" + std::to_string(request.run);
    const std::string seen = " (" + std::to_string(asked.messages.size()) + " messages)";
    run.publish_token(id, said);
    run.publish_token(id, seen);
    history_.push_back(message(id, events::Role::assistant, said + seen));

    events::LlmMessageT whole;
    whole.message = std::make_unique<events::MessageT>(history_.back());
    events::PayloadUnion payload;
    payload.Set(std::move(whole));
    run.publish(std::move(payload));
    return {};
  }

 private:
  std::vector<events::MessageT> history_;
};

agentd::MiddlewareList middleware(const std::string&) {
  const auto first_word = [](const std::string& text) { return text.substr(0, text.find(' ')); };
  const auto count = [](const std::vector<events::MessageT>& old) {
    return std::to_string(old.size()) + " messages before";
  };
  return {std::make_shared<examples::TitleMaker>(first_word),
          std::make_shared<examples::Summarizer>(4, 2, count)};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: embedded SOCKET\n";
    return 64;
  }
  agentd::log_to_standard_error();
  agentd::Config config;
  config.namespace_name = "embedded";
  config.socket = argv[1];
  auto daemon = agentd::Daemon::create(std::move(config));
  if (!daemon) {
    std::cerr << "embedded: " << daemon.error().message << '\n';
    return daemon.error().exit_code;
  }
  (*daemon)->use_middleware(middleware);
  agentd::StartOptions echo{.agent_id = "echo", .stay_idle = true};
  echo.runner = agentd::InProcessOptions{[] { return std::make_unique<Echo>(); }};
  auto started = (*daemon)->start_agent(std::move(echo));
  std::thread teller([&started] {
    const auto answer = started.get();
    std::cout << (answer ? "ready" : answer.error().message) << std::endl;
  });
  (*daemon)->run();
  teller.join();
  return 0;
}
