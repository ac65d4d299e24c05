// SPDX-License-Identifier: Apache-2.0
//
// Agents as their clients see them: how one is started, and what is told about those that run.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <ringside/events_generated.h>

namespace ringside {

/// Plays a recorded stream. `source` is a path as agentd sees it.
struct ReplayRunner {
  std::string source = {};
  double speed = 1.0;  ///< a factor of the recorded pace; 0 = as fast as it goes
};

/// Runs a child process that writes event lines and reads command lines.
struct ExecRunner {
  std::vector<std::string> argv = {};
  std::string working_directory = {};  ///< empty: agentd's own
};

struct StartOptions {
  std::variant<ReplayRunner, ExecRunner> runner = {};

  /// With a topic here the agent's viewers are counted there, and it ends
  /// `grace_period` after the last one left.
  std::string presence_topic = {};
  std::optional<std::chrono::milliseconds> grace_period = {};  ///< nothing: agentd's configured default

  /// How long it may do nothing before it ends; zero: for ever; nothing: agentd's configured default.
  std::optional<std::chrono::milliseconds> inactivity = {};

  /// Start without a first run.
  bool stay_idle = false;
};

/// `created` is false for an agent that ran already: its options stay what they were.
struct Started {
  bool created = false;
  std::uint64_t incarnation = 0;
};

/// A user message that was accepted. `queued`: a run is running, or older messages wait, and this one is taken up by a
/// later run; its `llm_message`, with this id, comes then.
struct Sent {
  std::string message_id = {};
  bool queued = false;
};

/// The events became `first_sequence` .. `first_sequence + count - 1` of the agent's topic; 0 where they were debug
/// events and nobody reads those.
struct Published {
  std::uint64_t first_sequence = 0;
  std::uint32_t count = 0;
};

struct AgentInfo {
  std::string agent_id = {};
  events::AgentStatus status = events::AgentStatus::idle;
  std::uint64_t incarnation = 0;
  std::int64_t started_at = 0;        ///< nanoseconds since the epoch
  std::int64_t last_activity_at = 0;  ///< nanoseconds since the epoch
  std::uint64_t next_sequence = 0;
  std::string presence_topic = {};  ///< empty: its viewers are not counted
  std::uint32_t viewers = 0;

  /// How long it lives on, being idle, when nobody watches; nothing: its viewers are not counted.
  std::optional<std::chrono::milliseconds> grace_period = {};
  /// When it ends for want of viewers, unless one comes or a run starts: nanoseconds since the epoch; nothing: it is
  /// watched, or not idle.
  std::optional<std::int64_t> grace_ends_at = {};
};

}  // namespace ringside
