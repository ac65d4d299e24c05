// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

#include <ringside/ring_file.hpp>

#include "tools/commands.hpp"
#include "tools/event_view.hpp"
#include "tools/interrupts.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"
#include "tools/ring_text.hpp"
#include "tools/ring_writers.hpp"

namespace ringside::tools {
namespace {

/// So much is gathered before it is printed.
constexpr std::size_t print_size = 64 * 1024;

struct InspectArguments {
  std::string ring;
  std::optional<std::uint64_t> events;
  bool json = false;
};

ExitCode code_of(RingFileFault fault) {
  switch (fault) {
    case RingFileFault::no_file:
      return ExitCode::no_input;
    case RingFileFault::not_allowed:
      return ExitCode::not_allowed;
    case RingFileFault::not_a_ring:
    case RingFileFault::other_build:
      return ExitCode::bad_data;
    case RingFileFault::system:
      break;
  }
  return ExitCode::unavailable;
}

ExitCode report_ring(const RingFileError& error) {
  const bool absent = error.fault == RingFileFault::no_file;
  complain(fmt::format("inspect: {}{}", error.message, absent ? "; `ringside inspect` lists the rings" : ""));
  return code_of(error.fault);
}

/// A name without a slash is first one in /dev/shm, then one here.
std::string path_of(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const std::string object = "/dev/shm/" + name;
  return access(object.c_str(), F_OK) != 0 && access(name.c_str(), F_OK) == 0 ? name : object;
}

ExitCode list_rings(bool json) {
  const RingWriters writers;
  ExitCode code = ExitCode::done;
  std::string out;
  for (const std::string& path : find_ring_files()) {
    auto ring = RingFile::open(path);
    if (!ring) {
      // One that is gone by now was a ring no more than one that was never there.
      if (ring.error().fault != RingFileFault::no_file) code = report_ring(ring.error());
      continue;
    }
    // Beyond every event: they are passed over, and how far they go is told.
    const RingReading reading = ring->read({}, UINT64_MAX);
    const InspectedRing inspected{path, std::move(*ring), writers.writer_of(path), reading};
    if (json) {
      append_ring_row_json(out, inspected);
    } else {
      if (out.empty()) append_ring_row_heading(out);
      append_ring_row(out, inspected);
    }
  }
  print(out);
  return code;
}

/// Prints what the second read finds: the last events as `tail --json` does, gaps and damage.
class Findings {
 public:
  explicit Findings(bool json) : json_(json) {}

  RingFileHandlers handlers(bool events) {
    RingFileHandlers handlers;
    if (events) {
      handlers.event = [this](const Event& event) {
        view_->event(out_, event);
        if (out_.size() > print_size) flush();
      };
      handlers.snapshot = handlers.event;
      handlers.gap = [this](const Gap& gap) { view_->gap(out_, gap); };
    }
    handlers.damage = [this](const RingDamage& damage) {
      if (json_) {
        append_damage_json(out_, damage);
      } else {
        flush();
        complain("inspect: " + damage_text(damage));
      }
    };
    return handlers;
  }

  void flush() {
    print(out_);
    out_.clear();
  }

 private:
  bool json_;
  std::unique_ptr<EventView> view_ = make_json_view();
  std::string out_;
};

ExitCode inspect_ring(const InspectArguments& arguments) {
  const std::string path = path_of(arguments.ring);
  auto ring = RingFile::open(path);
  if (!ring) return report_ring(ring.error());
  const RingReading reading = ring->read({}, UINT64_MAX);
  const InspectedRing inspected{path, std::move(*ring), RingWriters().writer_of(path), reading};
  std::string out;
  arguments.json ? append_ring_json(out, inspected) : append_ring_text(out, inspected);
  if (arguments.events && !arguments.json) out += '\n';
  print(out);

  const std::uint64_t shown = arguments.events.value_or(0);
  const std::uint64_t next = reading.next_sequence;
  // Without events to show all are checked.
  const std::uint64_t from = !arguments.events || next < shown ? 0 : next - shown;
  Findings findings(arguments.json);
  const RingReading all = inspected.ring.read(findings.handlers(arguments.events.has_value()), from);
  findings.flush();
  return all.damages == 0 ? ExitCode::done : ExitCode::bad_data;
}

ExitCode inspect(const InspectArguments& arguments) {
  end_when_interrupted();
  if (arguments.events && (*arguments.events == 0 || arguments.ring.empty())) {
    complain(arguments.ring.empty() ? "inspect: --events needs a ring: RING"
                                    : "inspect: --events 0: it has to be 1 or more");
    return ExitCode::usage;
  }
  return arguments.ring.empty() ? list_rings(arguments.json) : inspect_ring(arguments);
}

}  // namespace

void add_inspect_command(CLI::App& app, Invocation& invocation) {
  auto arguments = std::make_shared<InspectArguments>();
  CLI::App* command = app.add_subcommand(
      "inspect", "Read a ring from its file, also one whose agentd is dead; without one, list the rings");
  command->add_option("RING", arguments->ring, "A name in /dev/shm, or a path")->type_name("");
  command->add_option("--events", arguments->events, "Show the last N events too, as `tail --json` does")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--json", arguments->json, "The ring as a line of JSON; of a list, each");
  command->callback(
      [&invocation, arguments] { invocation.run = [arguments] { return inspect(*arguments); }; });
}

}  // namespace ringside::tools
