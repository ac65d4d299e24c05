// SPDX-License-Identifier: Apache-2.0
#include <ringside/error.hpp>

namespace ringside {

std::string_view fault_name(ConnectFault fault) noexcept {
  switch (fault) {
    case ConnectFault::bad_options:
      return "bad_options";
    case ConnectFault::no_socket:
      return "no_socket";
    case ConnectFault::unreachable:
      return "unreachable";
    case ConnectFault::not_allowed:
      return "not_allowed";
    case ConnectFault::wrong_namespace:
      return "wrong_namespace";
    case ConnectFault::untrusted:
      return "untrusted";
    case ConnectFault::unsupported_version:
      return "unsupported_version";
    case ConnectFault::refused:
      return "refused";
    case ConnectFault::protocol:
      return "protocol";
    case ConnectFault::daemon_gone:
      return "daemon_gone";
    case ConnectFault::timeout:
      return "timeout";
    case ConnectFault::system:
      return "system";
  }
  return "unknown";
}

std::string_view fault_name(RequestFault fault) noexcept {
  switch (fault) {
    case RequestFault::daemon_gone:
      return "daemon_gone";
    case RequestFault::timeout:
      return "timeout";
    case RequestFault::forked:
      return "forked";
    case RequestFault::bad_input:
      return "bad_input";
    case RequestFault::too_large:
      return "too_large";
    case RequestFault::untrusted:
      return "untrusted";
    case RequestFault::protocol:
      return "protocol";
    case RequestFault::system:
      return "system";
    case RequestFault::ended:
      return "ended";
    case RequestFault::not_allowed:
      return "not_allowed";
    case RequestFault::no_such_topic:
      return "no_such_topic";
    case RequestFault::no_such_agent:
      return "no_such_agent";
    case RequestFault::not_running:
      return "not_running";
    case RequestFault::invalid_in_status:
      return "invalid_in_status";
    case RequestFault::stopping:
      return "stopping";
    case RequestFault::keyframe_unavailable:
      return "keyframe_unavailable";
    case RequestFault::sequence_ahead:
      return "sequence_ahead";
    case RequestFault::no_slot:
      return "no_slot";
    case RequestFault::no_space:
      return "no_space";
    case RequestFault::event_too_large:
      return "event_too_large";
    case RequestFault::bad_event:
      return "bad_event";
    case RequestFault::not_publishable:
      return "not_publishable";
    case RequestFault::already_tracked:
      return "already_tracked";
    case RequestFault::not_tracked:
      return "not_tracked";
    case RequestFault::meta_too_large:
      return "meta_too_large";
    case RequestFault::bad_source:
      return "bad_source";
    case RequestFault::runner_failed:
      return "runner_failed";
    case RequestFault::no_such_interrupt:
      return "no_such_interrupt";
    case RequestFault::already_answered:
      return "already_answered";
    case RequestFault::bad_answer:
      return "bad_answer";
    case RequestFault::queue_full:
      return "queue_full";
    case RequestFault::refused:
      return "refused";
  }
  return "unknown";
}

}  // namespace ringside
