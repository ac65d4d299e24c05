// SPDX-License-Identifier: Apache-2.0
//
// What a runner says, on its way to the sink.
//
// Threads:  on the runner's strand, except `abandon`.
// Ordering: everything reaches the sink in the order in which it was given here.
// Loss:     an event that gets no_space stays first in line and is offered again every few milliseconds;
//           the log is told once a run. An event that is too large is handed back through `on_too_large`.
// Crash:    `finish` closes what the run has left open before it says that the run has finished. Calls that wait for
//           a person stay open over the end of a run that waits too, until a later run ends otherwise.
// Memory:   what waits is bounded by its giver, who looks at `waiting()` and stops.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "agentd/runners/open_calls.hpp"
#include "agentd/runners/open_messages.hpp"
#include "agentd/runners/runner.hpp"
#include "schema/event_builder.hpp"

namespace ringside::agentd {

using RunnerStrand = boost::asio::strand<boost::asio::any_io_executor>;

/// How a run came to its end, for what it has left open.
/// `waits`: for a person; calls that do so as well are left open.
enum class OpenEnd { cancelled, failed, waits };

class RunOutput : public std::enable_shared_from_this<RunOutput> {
 public:
  RunOutput(RunnerStrand strand, std::shared_ptr<RunnerSink> sink, std::string agent_id);

  /// Called when nothing waits any more after something did.
  void on_drained(std::function<void()> handler) { on_drained_ = std::move(handler); }
  /// Called with an event that the sink will never take. Without a handler the log is told.
  void on_too_large(std::function<void(const schema::EventBuffer&)> handler) {
    on_too_large_ = std::move(handler);
  }

  void publish(schema::EventBuffer event);
  /// Goes straight to the sink where nothing waits.
  void publish(const schema::TokenDelta& delta);

  /// Closes what the run has left open, then says run_finished.
  void finish(schema::Stamp stamp, RunOutcome outcome, OpenEnd open_end, std::string_view why);

  /// Closes the calls that wait for a person although no run is going on.
  void close_waiting(schema::Stamp stamp, OpenEnd open_end, std::string_view why);

  /// An interrupt has been set aside: the agent itself has closed what waited with it.
  void forget_calls();

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
  using Item = std::variant<schema::EventBuffer, Word>;

  schema::EventBuffer closed_call(schema::Stamp stamp, const std::string& id, OpenEnd open_end,
                                  std::string_view why);
  void put_first(std::deque<Item> items);
  void give(Item item);
  void drain();
  bool offer(const schema::EventBuffer& event);
  void wait_for_space();

  RunnerStrand strand_;
  std::shared_ptr<RunnerSink> sink_;
  std::string agent_id_;
  std::atomic<bool> abandoned_{false};
  std::deque<Item> line_;
  bool draining_ = false;
  bool short_of_space_ = false;
  bool told_of_space_ = false;
  boost::asio::steady_timer retry_;
  OpenCalls calls_;
  OpenMessages messages_;
  schema::EventBuilder builder_;
  std::function<void()> on_drained_;
  std::function<void(const schema::EventBuffer&)> on_too_large_;
};

}  // namespace ringside::agentd
