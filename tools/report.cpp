// SPDX-License-Identifier: Apache-2.0
#include "tools/report.hpp"

#include <cerrno>
#include <string>

#include <unistd.h>

#include <fmt/format.h>

#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

ExitCode code_of(ConnectFault fault) noexcept {
  switch (fault) {
    case ConnectFault::bad_options:
      return ExitCode::usage;
    case ConnectFault::not_allowed:
    case ConnectFault::untrusted:
      return ExitCode::not_allowed;
    case ConnectFault::timeout:
      return ExitCode::timed_out;
    default:
      return ExitCode::unavailable;
  }
}

std::string_view advice(RequestFault fault) noexcept {
  switch (fault) {
    case RequestFault::daemon_gone:
      return "; look at agentd's log, then try again";
    case RequestFault::no_such_agent:
      return "; `ringside list` shows the agents that run, `ringside start` starts one";
    case RequestFault::not_running:
      return "; `ringside start` starts it again";
    case RequestFault::keyframe_unavailable:
      return "; use --from latest, oldest or a number";
    default:
      return "";
  }
}

}  // namespace

ExitCode code_of(RequestFault fault) noexcept {
  switch (fault) {
    case RequestFault::not_allowed:
    case RequestFault::untrusted:
      return ExitCode::not_allowed;
    case RequestFault::timeout:
      return ExitCode::timed_out;
    case RequestFault::no_such_agent:
    case RequestFault::no_such_topic:
      return ExitCode::unknown;
    case RequestFault::not_running:
    case RequestFault::stopping:
      return ExitCode::not_running;
    case RequestFault::bad_input:
    case RequestFault::sequence_ahead:
      return ExitCode::usage;
    case RequestFault::too_large:
    case RequestFault::event_too_large:
    case RequestFault::bad_event:
    case RequestFault::bad_answer:
    case RequestFault::not_publishable:
    case RequestFault::meta_too_large:
    case RequestFault::bad_source:
    case RequestFault::runner_failed:
      return ExitCode::bad_data;
    case RequestFault::invalid_in_status:
    case RequestFault::no_such_interrupt:
    case RequestFault::already_answered:
    case RequestFault::queue_full:
    case RequestFault::already_tracked:
    case RequestFault::not_tracked:
    case RequestFault::refused:
      return ExitCode::unmet;
    default:
      return ExitCode::unavailable;
  }
}

void complain(std::string_view text) {
  std::string line = "ringside: ";
  append_visible(line, text, LineBreaks::escape);
  line += '\n';
  while (write(STDERR_FILENO, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

ExitCode report(const ConnectError& error) {
  complain(error.message);
  return code_of(error.fault);
}

ExitCode report(std::string_view what, const RequestError& error) {
  complain(fmt::format("{}: {}{}", what, error.message, advice(error.fault)));
  return code_of(error.fault);
}

}  // namespace ringside::tools
