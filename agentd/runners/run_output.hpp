// SPDX-License-Identifier: Apache-2.0
//
// What a runner says, on its way to the sink.
//
// Threads:  on the runner's strand, except `abandon`.
// Ordering: everything reaches the sink in the order in which it was given here.
// Loss:     an event that gets no_space stays first in line and is offered again every few milliseconds;
//           the log is told once a run. An event that is too large is handed back through `on_too_large`.
//           Middleware is asked about each event once, when its turn has come (middleware.hpp).
// Crash:    a middleware that fails makes its run end with that error, however it ends (`on_failed`).
//           `finish` closes what the run has left open before it says that the run has finished. Calls that wait for
//           a person stay open over the end of a run that waits too, until a later run ends otherwise.
// Memory:   what waits is bounded by its giver, who looks at `waiting()` and stops. Middleware does not: beyond `said_max`
//           of its events that wait it is not heard, and the log is told once a run.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "agentd/open_calls.hpp"
#include "agentd/runners/middleware_chain.hpp"
#include "agentd/runners/open_messages.hpp"
#include "agentd/runners/runner.hpp"
#include "schema/event_builder.hpp"

namespace ringside::agentd {

using RunnerStrand = boost::asio::strand<boost::asio::any_io_executor>;

class RunOutput : public std::enable_shared_from_this<RunOutput> {
 public:
  /// How many events of middleware may wait.
  static constexpr std::size_t said_max = 1024;

  RunOutput(RunnerStrand strand, std::shared_ptr<RunnerSink> sink, const RunnerOptions& options);

  /// Called when nothing waits any more after something did.
  void on_drained(std::function<void()> handler) { on_drained_ = std::move(handler); }
  /// Called with an event that the sink will never take. Without a handler the log is told.
  void on_too_large(std::function<void(const schema::EventBuffer&)> handler) {
    on_too_large_ = std::move(handler);
  }

  /// Called with the run that a middleware has failed, for it to be finished at once.
  void on_failed(std::function<void(std::uint64_t run)> handler) { on_failed_ = std::move(handler); }

  void publish(schema::EventBuffer event);
  /// Goes straight to the sink where nothing waits.
  void publish(const schema::TokenDelta& delta);

  /// A run begins. If it does not answer the interrupt of the run before, that one was set aside, and whoever did that
  /// has closed the calls that waited with it.
  void begin(const RunRequest& request);

  /// Closes what the run has left open, then says run_finished. `why` is what calls are told that have to be failed.
  void finish(schema::Stamp stamp, RunOutcome outcome, std::string_view why);

  /// Lets middleware change a request to the model, which is let go of afterwards.
  void before_model(std::shared_ptr<ModelRequest> request);

  /// The last word of a runner.
  void end(RunnerExit exit, std::string detail);

  /// Forgets the events that still wait.
  void drop_waiting();

  [[nodiscard]] bool waiting() const noexcept { return !line_.empty(); }

  /// Any thread: from now on the sink is not called. What is in progress may return.
  void abandon() noexcept;
  [[nodiscard]] bool abandoned() const noexcept;

 private:
  using Word = std::function<void()>;
  /// `due`: middleware has not been asked about it yet; `none`: nor will it be.
  enum class Hooks { due, asked, none };
  struct Saying {
    schema::EventBuffer event;
    Hooks hooks = Hooks::due;
    bool debug = false;            ///< on the debug topic, whatever its kind
    bool from_middleware = false;  ///< and so of whatever run is current when it is published
  };
  using Item = std::variant<Saying, Word>;
  class Publisher;

  schema::EventBuffer closed_call(schema::Stamp stamp, const std::string& id, RunEnd end,
                                  std::string_view why);
  schema::EventBuffer closed_message(schema::Stamp stamp, events::MessageT message);
  void put_first(std::deque<Item> items);
  void give(Item item);
  void drain();
  bool offer(Saying& saying);
  /// Middleware publishes: right behind the event that it is asked about, if it is.
  void say(schema::EventBuffer event, bool debug);
  [[nodiscard]] bool has_space_for_said() const;
  template <class Asked>
  std::optional<events::ErrorT> ask(Asked asked);
  void fail(events::ErrorT error);
  void wait_for_space();

  RunnerStrand strand_;
  std::shared_ptr<RunnerSink> sink_;
  std::string agent_id_;
  MiddlewareList middleware_;
  MiddlewareChain chain_;
  std::atomic<bool> abandoned_{false};
  std::deque<Item> line_;
  std::deque<Item> said_;  ///< by middleware that is being asked
  bool asking_ = false;
  schema::Stamp current_;     ///< the run that is going on; run 0 between two
  bool interrupted_ = false;  ///< so the last one ended
  std::optional<events::ErrorT> failure_;
  bool draining_ = false;
  bool short_of_space_ = false;
  bool told_of_space_ = false;
  bool told_of_loss_ = false;
  boost::asio::steady_timer retry_;
  OpenCalls calls_;
  OpenMessages messages_;
  schema::EventBuilder builder_;
  std::function<void()> on_drained_;
  std::function<void(std::uint64_t)> on_failed_;
  std::function<void(const schema::EventBuffer&)> on_too_large_;
};

}  // namespace ringside::agentd
