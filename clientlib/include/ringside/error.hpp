// SPDX-License-Identifier: Apache-2.0
//
// Why a call failed: one cause for each thing that a caller would do differently.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringside {

/// Why `Client::connect` gave no client.
enum class ConnectFault : std::uint8_t {
  bad_options,          ///< a namespace or path that cannot be one
  no_socket,            ///< no control socket in any of the places: agentd does not run, or elsewhere
  unreachable,          ///< the socket is there and nobody listens
  not_allowed,          ///< the file system or agentd refuses this user
  wrong_namespace,      ///< this agentd serves another namespace than the one asked for
  untrusted,            ///< the socket's folder, or the process behind it, belongs to somebody else
  unsupported_version,  ///< the two sides speak other protocols or other layouts; the message names both
  refused,              ///< agentd's own reason not to serve this client; the message is agentd's
  protocol,             ///< what came back was no answer to what was asked
  daemon_gone,          ///< agentd hung up in the middle of the greeting
  timeout,              ///< no answer within `ConnectOptions::request_timeout`
  system,               ///< out of descriptors, memory or threads: see `error_number`
};

/// Why a request on a connected client failed. The second half is agentd's own answer.
enum class RequestFault : std::uint8_t {
  daemon_gone,  ///< agentd has ended or has hung up; nothing more will be answered on this client
  timeout,      ///< no answer in time; whether it was carried out is not known
  forked,       ///< this is a child of the process that connected: connect again here
  bad_input,    ///< refused before it was sent; the message says which argument
  too_large,    ///< more than one control frame (64 KiB) can carry
  untrusted,    ///< the descriptor that came is not agentd's, or its layout is not ours
  protocol,     ///< the answer does not fit the request
  system,       ///< out of descriptors, memory or address space: see `error_number`
  ended,        ///< the handle was unsubscribed, untracked or moved from

  not_allowed,
  no_such_topic,
  no_such_agent,
  not_running,
  invalid_in_status,  ///< the agent's status does not admit this command
  stopping,           ///< the agent, or agentd, is shutting down
  keyframe_unavailable,
  sequence_ahead,  ///< the sequence asked for was not published yet
  no_slot,
  no_space,  ///< the ring cannot be backed with memory now
  event_too_large,
  bad_event,
  not_publishable,  ///< a kind that only agentd itself may publish
  already_tracked,
  not_tracked,
  meta_too_large,
  bad_source,     ///< the runner's source is missing, or cannot be understood
  runner_failed,  ///< the runner could not be started
  no_such_interrupt,
  already_answered,  ///< somebody was faster
  bad_answer,        ///< not what that interrupt asks for
  queue_full,        ///< too many messages wait for the running run
  refused,           ///< any other refusal; the message is agentd's
};

/// `error_number` is the errno behind the fault, 0 where there is none. `message` is one line for people.
struct ConnectError {
  ConnectFault fault;
  int error_number;
  std::string message;
};

struct RequestError {
  RequestFault fault;
  int error_number;
  std::string message;
};

/// The enumerator's own name, e.g. "not_allowed". Never empty; for a value of no name "unknown".
std::string_view fault_name(ConnectFault fault) noexcept;
std::string_view fault_name(RequestFault fault) noexcept;

}  // namespace ringside
