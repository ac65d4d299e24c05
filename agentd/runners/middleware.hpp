// SPDX-License-Identifier: Apache-2.0
//
// What stands between an agent's runner and its viewers, for programs that run agentd in themselves.
//
// Threads:  hooks are called on the runner's strand, one at a time for one agent. They should not block: a strand runs
//           on one of few threads. `EventPublisher` may be kept, and used from any thread: not while the runner's pool
//           (the Daemon) is being destroyed; afterwards, and once the life is over, it does nothing.
// Ordering: of one event: on_event of every middleware, in their order; the event; after_model, if it is a whole
//           message of the model's; then what the hooks have published. What middleware publishes, and what agentd
//           itself says (of the agent's life, to close what a run has left open), asks no hook.
// Loss:     as a runner's own events (run_output.hpp); but where very many of middleware's wait for space, more are lost.
// Crash:    a hook that throws fails the run: the event that it was asked about is not published, what is open is closed,
//           and `chain_error` names the middleware. Until the end of that run no hook is called.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events_generated.h"

namespace ringside::agentd {

/// The way of a middleware to its agent's topics.
class EventPublisher : public std::enable_shared_from_this<EventPublisher> {
 public:
  virtual ~EventPublisher() = default;

  [[nodiscard]] virtual const std::string& agent_id() const noexcept = 0;

  /// Publishes an event as one of the agent's current life and run (0 between two), debug kinds on its debug topic. Throws
  /// std::invalid_argument for an event that breaks a rule of its kind, or that only agentd may publish.
  virtual void publish_event(events::PayloadUnion payload) = 0;

  /// Publishes what `make()` makes, a PayloadUnion, on the debug topic; it is called only if somebody reads that.
  template <std::invocable Make>
  void publish_debug_event(Make&& make) {
    if (debug_is_read()) publish_debug(std::forward<Make>(make)());
  }

  /// The debug event `middleware_action` of this middleware's, with the JSON text that `make_data()` makes.
  template <std::invocable MakeData>
  void publish_action(std::string_view action, MakeData&& make_data) {
    publish_debug_event([&] {
      events::MiddlewareActionT said;
      said.middleware = middleware();
      said.action = action;
      said.data = std::forward<MakeData>(make_data)();
      events::PayloadUnion payload;
      payload.Set(std::move(said));
      return payload;
    });
  }

 private:
  [[nodiscard]] virtual const std::string& middleware() const noexcept = 0;
  [[nodiscard]] virtual bool debug_is_read() const = 0;
  virtual void publish_debug(events::PayloadUnion payload) = 0;
};

/// What a model is about to be asked.
struct ModelRequest {
  std::vector<events::MessageT> messages;
};

/// One object serves one life of one agent.
class Middleware {
 public:
  virtual ~Middleware() = default;

  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  /// The model is asked next; the request may be changed. Only agents that run in agentd's own process tell this.
  virtual void before_model(ModelRequest& request, EventPublisher& agent);

  /// A message of the model's is whole and published; not one that was cut off.
  virtual void after_model(const events::Message& message, EventPublisher& agent);

  /// An event of the agent's work is about to be published.
  virtual void on_event(const events::Event& event, EventPublisher& agent);
};

using MiddlewareList = std::vector<std::shared_ptr<Middleware>>;

/// Makes what an agent gets at the start of a life. Called on any thread; may throw, and then the start fails.
using MiddlewareFactory = std::function<MiddlewareList(const std::string& agent_id)>;

}  // namespace ringside::agentd
