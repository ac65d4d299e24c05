// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include <unistd.h>

#include <fmt/format.h>

#include "tools/commands.hpp"
#include "tools/interrupts.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

struct SendOptions {
  std::string agent;
  std::string text;
};

constexpr std::size_t text_size_max = 64 * 1024;

/// All of standard input, without its last newline; one byte more than allowed is enough to be refused.
std::optional<std::string> read_standard_input() {
  std::string text;
  std::array<char, 16 * 1024> chunk;
  while (text.size() <= text_size_max) {
    const ssize_t size = read(STDIN_FILENO, chunk.data(), chunk.size());
    if (size == 0) break;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

ExitCode send(const Invocation& invocation, const SendOptions& options) {
  end_when_interrupted();
  std::string text = options.text;
  if (text == "-") {
    auto input = read_standard_input();
    if (!input) {
      complain(fmt::format("send: cannot read standard input: {}", std::strerror(errno)));
      return ExitCode::bad_data;
    }
    text = std::move(*input);
  }
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  const auto sent = client->send(options.agent, text);
  if (!sent) {
    const bool bad_text = sent.error().fault == RequestFault::bad_input && options.text == "-";
    const ExitCode code = report("send " + options.agent, sent.error());
    return bad_text ? ExitCode::bad_data : code;
  }
  print(sent->message_id + (sent->queued ? " queued\n" : "\n"));
  return ExitCode::done;
}

}  // namespace

void add_send_command(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<SendOptions>();
  CLI::App* command = app.add_subcommand(
      "send", "Send a user message, which starts a run or waits for the running one; print its id");
  command->add_option("AGENT", options->agent, "The agent's id")->required();
  command->add_option("TEXT", options->text, "The message; `-` reads it from standard input")->required();
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return send(invocation, *options); };
  });
}

}  // namespace ringside::tools
