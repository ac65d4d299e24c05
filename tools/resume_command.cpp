// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include <fmt/format.h>

#include <ringside/answer_json.hpp>

#include "tools/commands.hpp"
#include "tools/interrupts.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

struct ResumeOptions {
  std::string agent;
  std::string interrupt;
  std::string answer;
};

ExitCode resume(const Invocation& invocation, const ResumeOptions& options) {
  end_when_interrupted();
  const auto answer = parse_answer(options.answer);
  if (!answer) {
    const JsonError& error = answer.error();
    complain(error.column == 0 ? fmt::format("resume: --answer: {}", error.message)
                               : fmt::format("resume: --answer: column {}: {}", error.column, error.message));
    return ExitCode::bad_data;
  }
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  const auto run = client->resume(options.agent, options.interrupt, *answer);
  if (!run) return report("resume " + options.agent, run.error());
  print(fmt::format("{}\n", *run));
  return ExitCode::done;
}

}  // namespace

void add_resume_command(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ResumeOptions>();
  CLI::App* command =
      app.add_subcommand("resume", "Answer what an agent asks, which starts a run, and print its number");
  command->add_option("AGENT", options->agent, "The agent's id")->required();
  command->add_option("--interrupt", options->interrupt, "The id of the interrupt that is answered")
      ->type_name("ID")
      ->required();
  command->add_option("--answer", options->answer, R"(The answer, such as {"question":{"selected":["yes"]}})")
      ->type_name("JSON")
      ->required();
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return resume(invocation, *options); };
  });
}

}  // namespace ringside::tools
