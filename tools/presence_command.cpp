// SPDX-License-Identifier: Apache-2.0
#include <iterator>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "tools/commands.hpp"
#include "tools/follower.hpp"
#include "tools/presence_changes.hpp"
#include "tools/report.hpp"
#include "tools/text_of.hpp"
#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

struct PresenceArguments {
  std::string topic;
  bool json = false;
  bool follows = false;
  std::optional<std::uint64_t> count;
  std::optional<double> timeout_s;
};

void append_json(std::string& out, const PresenceMeta& window) {
  fmt::format_to(std::back_inserter(out), R"({{"ref":{},"previous_ref":{},"client_id":)", window.ref,
                 window.previous_ref);
  append_json_string(out, window.client_id);
  fmt::format_to(std::back_inserter(out), R"(,"stale":{},"meta":{{)", window.stale);
  const char* separator = "";
  for (const auto& [name, value] : window.meta) {
    out += separator;
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
    separator = ",";
  }
  out += "}}";
}

void append_json(std::string& out, const std::string& key, const std::vector<PresenceMeta>& windows) {
  out += R"({"key":)";
  append_json_string(out, key);
  out += R"(,"metas":[)";
  const char* separator = "";
  for (const PresenceMeta& window : windows) {
    out += separator;
    append_json(out, window);
    separator = ",";
  }
  out += "]}";
}

/// All of them on one line, with the version that the changes to come build on.
void append_json(std::string& out, const std::string& topic, const PresenceList& present) {
  out += R"({"presence":{"topic":)";
  append_json_string(out, topic);
  fmt::format_to(std::back_inserter(out), R"(,"version":{},"viewers":[)", present.version);
  const char* separator = "";
  for (const auto& [key, windows] : present.viewers) {
    out += separator;
    append_json(out, key, windows);
    separator = ",";
  }
  out += "]}}\n";
}

void append_pair(std::string& out, std::string_view name, std::string_view value) {
  out += "  ";
  append_visible(out, name, LineBreaks::escape);
  out += '=';
  append_visible(out, value, LineBreaks::escape);
}

/// `KEY  NAME=VALUE ...`
void append_line(std::string& out, std::string_view key, const PresenceMeta& window) {
  append_visible(out, key, LineBreaks::escape);
  for (const auto& [name, value] : window.meta)
    append_pair(out, name, value);
  if (window.stale) out += "  (stale)";
  out += '\n';
}

void append_lines(std::string& out, const std::string& key, const std::vector<PresenceMeta>& windows) {
  for (const PresenceMeta& window : windows)
    append_line(out, key, window);
}

ExitCode list(const Invocation& invocation, const PresenceArguments& arguments) {
  end_when_interrupted();
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  auto present = client->presence_list(arguments.topic);
  if (!present) return report("presence " + arguments.topic, present.error());
  std::string out;
  for (const auto& [key, windows] : present->viewers) {
    if (arguments.json) {
      append_json(out, key, windows);
      out += '\n';
    } else {
      append_lines(out, key, windows);
    }
  }
  print(out);
  return ExitCode::done;
}

/// The same of a diff's.
void append_line(std::string& out, std::string_view key, const events::PresenceMeta& window) {
  append_visible(out, key, LineBreaks::escape);
  if (window.meta() != nullptr) {
    for (const events::KeyValue* pair : *window.meta())
      append_pair(out, text_of(pair->key()), text_of(pair->value()));
  }
  out += '\n';
}

/// What changes, a line a window: `+` who came, `-` who left, `~` what is said anew.
class ChangeLines final : public EventView {
 public:
  bool event(std::string& out, const Event& event) override {
    const auto* diff = event.as<events::PresenceDiff>();
    if (diff == nullptr) return false;
    each_change(*diff, [&out](char sign, std::string_view key, const events::PresenceMeta& window) {
      out += sign;
      out += ' ';
      append_line(out, key, window);
    });
    return true;
  }
  void gap(std::string& out, const Gap& gap) override {
    fmt::format_to(std::back_inserter(out), "{} changes were missed\n", gap.count);
  }
  void pending(std::string&) override {}
  void end(std::string&) override {}
};

/// Leaves out the diffs that the list which was shown first includes already.
class DiffsAbove final : public EventView {
 public:
  DiffsAbove(std::uint64_t version, std::unique_ptr<EventView> view)
      : version_(version), view_(std::move(view)) {}

  bool event(std::string& out, const Event& event) override {
    const auto* diff = event.as<events::PresenceDiff>();
    if (diff && diff->version() <= version_) return false;
    return view_->event(out, event);
  }
  void gap(std::string& out, const Gap& gap) override { view_->gap(out, gap); }
  void pending(std::string&) override {}
  void end(std::string& out) override { view_->end(out); }

 private:
  std::uint64_t version_;
  std::unique_ptr<EventView> view_;
};

ExitCode follow(const Invocation& invocation, const PresenceArguments& arguments) {
  if (arguments.timeout_s && !(*arguments.timeout_s >= 0)) {
    complain("presence: --timeout has to be 0 seconds or more");
    return ExitCode::usage;
  }
  const Interrupts interrupts;
  const Deadline deadline(arguments.timeout_s);
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  // Subscribed before it is listed: what changes in between is in both, and the version tells which.
  auto subscription = client->subscribe(arguments.topic, {.from = From::latest});
  if (!subscription) return report("presence " + arguments.topic, subscription.error());
  auto present = client->presence_list(arguments.topic);
  if (!present) return report("presence " + arguments.topic, present.error());
  Output output(interrupts, deadline);
  if (arguments.json) {
    append_json(output.batch(), arguments.topic, *present);
  } else {
    for (const auto& [key, windows] : present->viewers)
      append_lines(output.batch(), key, windows);
  }
  DiffsAbove view(present->version, arguments.json ? make_json_view() : std::make_unique<ChangeLines>());
  Follower follower(*subscription, view, output, interrupts, deadline);
  FollowUntil until;
  until.count = arguments.count;
  return follower.follow(until);
}

}  // namespace

void add_presence_command(CLI::App& app, Invocation& invocation) {
  auto arguments = std::make_shared<PresenceArguments>();
  CLI::App* command = app.add_subcommand("presence", "Who is present on a topic, and who comes and goes");
  command
      ->add_option("TOPIC", arguments->topic,
                   "The presence topic, e.g. conversation:123; agent_server:presence: the agents that run")
      ->type_name("")
      ->required();
  command->add_flag("--json", arguments->json, "As JSON lines");
  CLI::Option* follows = command->add_flag("--follow", arguments->follows, "Then each change as it comes");
  command->add_option("--count", arguments->count, "End after so many changes")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->needs(follows);
  command->add_option("--timeout", arguments->timeout_s, "End after so many seconds, with 124")
      ->type_name("S")
      ->needs(follows);
  command->callback([&invocation, arguments] {
    invocation.run = [&invocation, arguments] {
      return arguments->follows ? follow(invocation, *arguments) : list(invocation, *arguments);
    };
  });
}

}  // namespace ringside::tools
