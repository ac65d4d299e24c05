// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <poll.h>

#include <fmt/format.h>

#include "tools/commands.hpp"
#include "tools/deadline.hpp"
#include "tools/interrupts.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"
#include "tools/ring_counts.hpp"
#include "tools/stat_table.hpp"
#include "tools/topic_argument.hpp"
#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

struct StatArguments {
  std::string topic;
  bool json = false;
  std::optional<double> interval_s;
  std::optional<std::uint64_t> count;
};

std::string_view reading_name(Reading reading) {
  switch (reading) {
    case Reading::copying:
      return "copying";
    case Reading::pinning:
      return "pinning";
    case Reading::reliable:
      break;
  }
  return "reliable";
}

void append_json(std::string& out, const TopicStat& stat) {
  out += R"({"topic":)";
  append_json_string(out, stat.topic);
  out += R"(,"object":)";
  append_json_string(out, stat.object_name);
  fmt::format_to(std::back_inserter(out), R"(,"next_sequence":{},)", stat.next_sequence);
  append_counts_json(out, stat.counts);
  fmt::format_to(std::back_inserter(out), R"(,"stale_dropped":{},"stalled":{}}})", stat.stale_dropped,
                 stat.stalled);
}

void append_json(std::string& out, const ReaderStat& stat) {
  fmt::format_to(std::back_inserter(out), R"({{"session":{},"subscription":{},"pid":{},"uid":{},"client":)",
                 stat.session, stat.subscription, stat.pid, stat.uid);
  append_json_string(out, stat.client);
  fmt::format_to(std::back_inserter(out), R"(,"reading":"{}","evicted":{},"lag":{},"lost":{}}})",
                 reading_name(stat.reading), stat.evicted, stat.lag ? std::to_string(*stat.lag) : "null",
                 stat.lost);
}

/// What is asked for once, or again and again.
class Stat {
 public:
  Stat(Client& client, const StatArguments& arguments)
      : client_(client),
        arguments_(arguments),
        topic_(arguments.topic.empty() ? std::string() : topic_of_argument(arguments.topic)),
        table_(arguments.interval_s.has_value()) {}

  ExitCode look(std::string& out) {
    auto topics = client_.topic_stats();
    if (!topics) return report("stat", topics.error());
    if (topic_.empty()) {
      all(out, *topics);
      return ExitCode::done;
    }
    std::erase_if(*topics, [this](const TopicStat& stat) { return stat.topic != topic_; });
    auto readers = client_.reader_stats(topic_);
    if (!readers) return report("stat", readers.error());
    if (topics->empty()) return ExitCode::done;  // it went away between the two
    one(out, topics->front(), *readers);
    return ExitCode::done;
  }

 private:
  void all(std::string& out, const std::vector<TopicStat>& topics) {
    if (arguments_.json) {
      for (const TopicStat& stat : topics) {
        append_json(out, stat);
        out += '\n';
      }
      return;
    }
    table_.look(topics);
    if (!topics.empty()) table_.append(out, StatTable::Order::by_name, topics.size());
  }

  void one(std::string& out, const TopicStat& stat, const std::vector<ReaderStat>& readers) const {
    if (arguments_.json) {
      append_json(out, stat);
      out.back() = ',';
      out += R"("readers":[)";
      for (std::size_t i = 0; i < readers.size(); ++i) {
        if (i != 0) out += ',';
        append_json(out, readers[i]);
      }
      out += "]}\n";
      return;
    }
    const auto to = std::back_inserter(out);
    fmt::format_to(to, "{:34}  {}\n", "topic", one_line(stat.topic));
    fmt::format_to(to, "{:34}  {}\n", "ring", one_line(stat.object_name));
    fmt::format_to(to, "{:34}  {}\n", "next event", stat.next_sequence);
    append_counts_text(out, stat.counts);
    fmt::format_to(to, "{:34}  {}\n", "events of a life that was over", stat.stale_dropped);
    if (stat.stalled) fmt::format_to(to, "accepted events wait for shared memory\n");
    if (readers.empty()) return;
    fmt::format_to(to, "\n{:>8}  {:>8}  {:10}  {:>12}  {:>12}  {}\n", "SESSION", "PID", "READS", "LAG",
                   "LOST", "CLIENT");
    for (const ReaderStat& reader : readers) {
      fmt::format_to(to, "{:>8}  {:>8}  {:10}  {:>12}  {:>12}  {}\n", reader.session, reader.pid,
                     reader.evicted ? "evicted" : reading_name(reader.reading),
                     reader.lag ? std::to_string(*reader.lag) : "-", reader.lost, one_line(reader.client));
    }
  }

  Client& client_;
  const StatArguments& arguments_;
  std::string topic_;  // empty: all
  StatTable table_;
};

ExitCode stat(const Invocation& invocation, const StatArguments& arguments) {
  const Interrupts interrupts;
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  Stat stat(*client, arguments);
  for (std::uint64_t shown = 1;; ++shown) {
    std::string out;
    if (const ExitCode code = stat.look(out); code != ExitCode::done) return code;
    if (!out.empty() && arguments.interval_s && !arguments.json) out += '\n';
    if (!print(out)) return ExitCode::done;
    const std::uint64_t wanted = arguments.count.value_or(arguments.interval_s ? UINT64_MAX : 1);
    if (shown >= wanted) return ExitCode::done;
    const Deadline next(arguments.interval_s.value_or(1));
    pollfd signal{interrupts.fd(), POLLIN, 0};
    while (!next.passed()) {
      if (poll(&signal, 1, next.poll_timeout_ms()) > 0) return ExitCode::interrupted;
    }
  }
}

}  // namespace

void add_stat_command(CLI::App& app, Invocation& invocation) {
  auto arguments = std::make_shared<StatArguments>();
  CLI::App* command =
      app.add_subcommand("stat", "What the rings have counted; of one topic, its readers and their lag too");
  command
      ->add_option("NAME", arguments->topic,
                   "A topic (with a colon in its name) or an agent; without: all topics")
      ->type_name("");
  command->add_flag("--json", arguments->json, "One topic a line, as JSON");
  command
      ->add_option("-i,--interval", arguments->interval_s,
                   "Again every S seconds, with what a second brought")
      ->type_name("S")
      ->check(CLI::Range(0.1, 86400.0));
  command->add_option("-n,--count", arguments->count, "So often, then end")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000'000));
  command->callback([&invocation, arguments] {
    invocation.run = [&invocation, arguments] { return stat(invocation, *arguments); };
  });
}

}  // namespace ringside::tools
