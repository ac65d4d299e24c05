// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <iterator>
#include <memory>
#include <span>

#include <unistd.h>

#include <fmt/format.h>

#include <ringside/event_json.hpp>

#include "tools/commands.hpp"
#include "tools/interrupts.hpp"
#include "tools/line_input.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

constexpr std::size_t line_size_max = 1024 * 1024;
constexpr std::size_t frame_size_max = 64 * 1024;
constexpr std::size_t batch_events_max = 256;
constexpr std::size_t batch_bytes_max = 32 * 1024;

struct PubArguments {
  std::string agent;
  std::string line;
  std::string input = "-";
  bool debug = false;
  bool verbose = false;
};

/// Whether the fault is the event's own, so that the ones beside it can still be published.
bool is_of_the_event(RequestFault fault) {
  return code_of(fault) == ExitCode::bad_data || fault == RequestFault::bad_input;
}

/// Takes lines, publishes their events in order and as many at a time as there are, and
/// says which lines were refused.
class LinePublisher {
 public:
  LinePublisher(Client& client, const PubArguments& arguments) : client_(client), arguments_(arguments) {}

  /// False when nothing more can be published; `code` says why.
  bool take(const InputLine& line) {
    if (line.text.find_first_not_of(" \t\r") == std::string_view::npos) return true;
    if (!line.whole) {
      refuse(line.number, fmt::format("longer than {} bytes", line_size_max));
      return true;
    }
    auto event = json_.parse(line.text);
    if (!event) {
      const JsonError& error = event.error();
      refuse(line.number,
             error.column > 0 ? fmt::format("column {}: {}", error.column, error.message) : error.message);
      return true;
    }
    if (batch_.size() == batch_events_max || bytes_ + event->size() > batch_bytes_max) {
      if (!publish()) return false;
    }
    bytes_ += event->size();
    batch_.push_back({line.number, std::move(*event)});
    return true;
  }

  /// Publishes what was taken so far.
  bool publish() {
    std::vector<Line> batch = std::exchange(batch_, {});
    bytes_ = 0;
    if (batch.empty()) return true;
    const auto done = send(batch);
    if (done) return told(*done);
    if (!is_of_the_event(done.error().fault)) return stopped(batch.front().number, done.error());
    if (batch.size() == 1) return refuse_event(batch.front(), done.error());
    // One of them was refused and so all were: one by one, to find it.
    for (const Line& line : batch) {
      const auto single = send(std::span(&line, 1));
      const bool going_on = single                                  ? told(*single)
                            : is_of_the_event(single.error().fault) ? refuse_event(line, single.error())
                                                                    : stopped(line.number, single.error());
      if (!going_on) return false;
    }
    return true;
  }

  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  struct Line {
    std::uint64_t number;
    std::vector<std::byte> event;
  };

  expected<Published, RequestError> send(std::span<const Line> lines) {
    std::vector<std::span<const std::byte>> events;
    events.reserve(lines.size());
    for (const Line& line : lines)
      events.emplace_back(line.event);
    return arguments_.debug ? client_.publish_debug(arguments_.agent, events)
                            : client_.publish(arguments_.agent, events);
  }

  bool told(const Published& published) {
    if (!arguments_.verbose || published.first_sequence == 0) return true;  // 0: nobody reads debug events
    std::string out;
    for (std::uint32_t i = 0; i < published.count; ++i)
      fmt::format_to(std::back_inserter(out), "{}\n", published.first_sequence + i);
    print(out);
    return true;
  }

  void refuse(std::uint64_t number, std::string_view why) {
    complain(fmt::format("pub {}: line {}: {}", arguments_.agent, number, why));
    code_ = ExitCode::bad_data;
  }

  bool refuse_event(const Line& line, const RequestError& error) {
    if (error.fault == RequestFault::too_large) {
      refuse(line.number,
             fmt::format("the event takes {} bytes; a control frame, and a segment of the ring unless it "
                         "is configured otherwise, has {}",
                         line.event.size(), frame_size_max));
    } else {
      refuse(line.number, error.message);
    }
    return true;
  }

  bool stopped(std::uint64_t number, const RequestError& error) {
    code_ = report(fmt::format("pub {}: line {}", arguments_.agent, number), error);
    return false;
  }

  Client& client_;
  const PubArguments& arguments_;
  EventJson json_;
  std::vector<Line> batch_;
  std::size_t bytes_ = 0;
  ExitCode code_ = ExitCode::done;
};

ExitCode publish_input(LinePublisher& publisher, const std::string& agent) {
  LineInput input(STDIN_FILENO, line_size_max);
  for (InputLine line; input.next(line);) {
    if (!publisher.take(line)) return publisher.code();
    if (!input.has_line() && !publisher.publish()) return publisher.code();
  }
  if (!publisher.publish()) return publisher.code();
  if (input.error() != 0) {
    complain(fmt::format("pub {}: cannot read standard input: {}", agent, std::strerror(input.error())));
    return ExitCode::bad_data;
  }
  return publisher.code();
}

ExitCode pub(const Invocation& invocation, const PubArguments& arguments) {
  end_when_interrupted();
  if (arguments.input != "-") {
    complain(fmt::format("pub: {} is not `-`: lines come from standard input, or one from --json",
                         arguments.input));
    return ExitCode::usage;
  }
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  LinePublisher publisher(*client, arguments);
  if (arguments.line.empty()) return publish_input(publisher, arguments.agent);
  if (publisher.take({1, arguments.line, arguments.line.size() <= line_size_max})) publisher.publish();
  return publisher.code();
}

}  // namespace

void add_pub_command(CLI::App& app, Invocation& invocation) {
  auto arguments = std::make_shared<PubArguments>();
  CLI::App* command = app.add_subcommand("pub", "Publish events to an agent's topic, a JSON line each");
  command->add_option("AGENT", arguments->agent, "The agent's id")->type_name("")->required();
  CLI::Option* line = command->add_option("--json", arguments->line, "This one line")->type_name("LINE");
  command->add_option("INPUT", arguments->input, "`-`: the lines of standard input")
      ->type_name("")
      ->capture_default_str()
      ->excludes(line);
  command->add_flag("--debug", arguments->debug, "To the agent's debug topic, `custom` events too");
  command->add_flag("-v,--verbose", arguments->verbose, "Print the sequence number of each event published");
  command->callback([&invocation, arguments] {
    invocation.run = [&invocation, arguments] { return pub(invocation, *arguments); };
  });
}

}  // namespace ringside::tools
