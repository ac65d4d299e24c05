// SPDX-License-Identifier: Apache-2.0
//
// An agent written in C++, in the process of a program that runs agentd in itself.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string_view>

#include "agentd/run.hpp"
#include "agentd/runners/middleware.hpp"
#include "events_generated.h"

namespace ringside::agentd {

/// Thrown out of the calls of a run that has been cancelled. Let it pass: the run has ended.
class RunCancelled final : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "the run was cancelled"; }
};

/// What a run says. Its calls belong to the thread that runs it; each throws RunCancelled once the run is cancelled,
/// except `cancelled`, which any thread may ask.
class AgentRun {
 public:
  virtual ~AgentRun() = default;

  [[nodiscard]] virtual bool cancelled() const noexcept = 0;

  /// Publishes an event. Waits while the topic has no space. Throws std::invalid_argument as EventPublisher does.
  virtual void publish(events::PayloadUnion payload) = 0;

  /// The same for one more token of a message of the assistant's.
  virtual void publish_token(std::string_view message_id, std::string_view text) = 0;

  /// Has every middleware change what the model is about to be asked, after all that was published before.
  /// Returns once they have; where it throws, the request is lost.
  virtual void before_model(ModelRequest& request) = 0;
};

class InProcessAgent {
 public:
  virtual ~InProcessAgent() = default;

  /// One run, and how it ended; what it throws fails the run. Called for one run after another, on a thread that this
  /// life has for itself. A run that was cancelled keeps the next one waiting, and the end of the agent, until it returns:
  /// look at `run.cancelled()` where nothing is published for long.
  virtual RunOutcome run(const RunRequest& request, AgentRun& run) = 0;
};

/// Makes the agent of one life; may throw, and then the start fails.
struct InProcessOptions {
  std::function<std::unique_ptr<InProcessAgent>()> make;
};

}  // namespace ringside::agentd
