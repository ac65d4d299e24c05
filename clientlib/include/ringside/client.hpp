// SPDX-License-Identifier: Apache-2.0
//
// A session with agentd.
//
//     auto host = ringside::Client::connect();
//     auto sub  = host->subscribe("agent_server:conversation-123");
//     while (sub->wait(std::chrono::seconds(30)) == ringside::WaitResult::event)
//       sub->poll([](const ringside::Event& event) { ... });
//
// Threads    any number of threads may call a client at once; requests wait for their own answers only.
// Progress   each request ends within `ConnectOptions::request_timeout`, or at once when agentd
//            is gone. One background thread reads answers and moves the heartbeat every 500 ms;
//            none is on the path of events.
// Crash      nothing here outlives the process: agentd takes its presence and its subscriptions back at once.
// Fork       in a child of the process that connected, every call answers `forked`, nothing is unmapped, sent
//            or waited for, and the child may connect for itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ringside/agent.hpp>
#include <ringside/error.hpp>
#include <ringside/event.hpp>
#include <ringside/expected.hpp>
#include <ringside/presence.hpp>
#include <ringside/stats.hpp>
#include <ringside/subscription.hpp>
#include <ringside/topic.hpp>

namespace ringside {

namespace detail {
class Session;
}

struct ConnectOptions {
  /// The control socket's path. Empty: `$RINGSIDE_SOCKET` (only if no namespace is named here), then
  /// `$XDG_RUNTIME_DIR/ringside/<namespace>/control.sock` if a socket is there, then
  /// `/run/ringside/<namespace>/control.sock`.
  std::string socket = {};

  /// 1 to 64 bytes of letters, digits, '.', '_' and '-'; empty: "default", or whatever the socket
  /// serves. An agentd that serves another namespace than the one named here is refused.
  std::string namespace_name = {};

  /// What agentd's log calls this client; empty: the process's name.
  std::string name = {};

  /// How long each request waits for its answer; a day at most.
  std::chrono::milliseconds request_timeout = std::chrono::seconds(10);
};

/// A session with one agentd. It ends when the client and everything made from it have gone. A client that was moved
/// from may only be destroyed or assigned to.
class Client {
 public:
  /// Finds the socket, checks who stands behind it, agrees on versions and attaches. The socket's folder must
  /// belong to root, to this user, or to agentd's own user in a folder of root's.
  static expected<Client, ConnectError> connect(const ConnectOptions& options = {});

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // ------------------------------------------------------------------------------------------- events

  /// Follows a topic from the place that the options say. To a topic of an agent that does not run one can
  /// subscribe: the subscription is `pending`, and sees the next life from its first event on. Each
  /// subscription has a place of its own: two of one topic hand every event out once each.
  expected<Subscription, RequestError> subscribe(std::string_view topic,
                                                 const SubscribeOptions& options = {});

  /// As subscribe, for an agent's main topic.
  expected<Subscription, RequestError> subscribe_agent(std::string_view agent_id,
                                                       const SubscribeOptions& options = {});

  /// As `Subscription::wait`, for any of this client's subscriptions. While it runs it looks at all of them:
  /// no other thread may use one meanwhile.
  WaitResult wait(std::chrono::nanoseconds timeout);

  /// As `Subscription::fd` and `Subscription::arm`, for any of this client's
  /// subscriptions; arm too looks at all.
  int fd() const noexcept;
  bool arm();

  // ------------------------------------------------------------------------------------------- agents

  /// Starts an agent, or finds it running; atomic among any number of callers.
  expected<Started, RequestError> start(std::string_view agent_id, const StartOptions& options);

  /// Starts a run without a message and returns its number.
  expected<std::uint64_t, RequestError> execute(std::string_view agent_id);

  /// Gives the agent a user message, which starts a run, or waits for the one that is running (`queue_full` if too
  /// many do). An interrupt that waits for an answer is superseded by it.
  expected<Sent, RequestError> send(std::string_view agent_id, std::string_view text);

  /// Answers the interrupt of that id, as `status_changed` told of it, and returns the number of the run that goes on
  /// with the answer. An interrupt is answered once, whoever asks: `already_answered` where somebody was faster,
  /// `bad_answer` where it is no answer to that interrupt (the message says what is wrong, and where),
  /// `no_such_interrupt` where the agent waits for the answer to another one or a user message superseded it,
  /// `invalid_in_status` where it waits for none.
  expected<std::uint64_t, RequestError> resume(std::string_view agent_id, std::string_view interrupt_id,
                                               const events::AnswerT& answer);

  /// Puts a halt aside: the agent is idle again, or running where a message waits. Refused as `resume`; `bad_answer` for what asks for an answer.
  expected<void, RequestError> dismiss(std::string_view agent_id, std::string_view interrupt_id);

  /// Ends the run that is going on.
  expected<void, RequestError> cancel(std::string_view agent_id);

  /// Counts as activity.
  expected<void, RequestError> touch(std::string_view agent_id);

  /// Ends the agent's life; a run that is going on is given a bounded time first. Returns when it was
  /// accepted: the end is told on the agent's topic as `agent_shutdown`.
  expected<void, RequestError> stop(std::string_view agent_id);

  /// One agent that runs. `no_such_agent` where agentd knows of none of this name, `not_running` where it has ended.
  expected<AgentInfo, RequestError> find(std::string_view agent_id);

  /// All agents that run, by id.
  expected<std::vector<AgentInfo>, RequestError> list_agents();

  /// Publishes to an agent's topic and returns after the commit. Of several, all or none, next to each other
  /// and in this order; together they must fit one control frame (64 KiB). Incarnation and run are agentd's
  /// to say. The byte forms take finished `ringside.events.Event` buffers.
  expected<Published, RequestError> publish(std::string_view agent_id, const events::EventT& event);
  expected<Published, RequestError> publish(std::string_view agent_id, std::span<const events::EventT> batch);
  expected<Published, RequestError> publish(std::string_view agent_id, std::span<const std::byte> event);
  expected<Published, RequestError> publish(std::string_view agent_id,
                                            std::span<const std::span<const std::byte>> batch);

  /// As publish, to the agent's debug topic: for `custom` events, which publish takes for main ones; the other debug
  /// events go there by either. Where nobody reads that topic nothing is published, and the sequence is 0.
  expected<Published, RequestError> publish_debug(std::string_view agent_id, const events::EventT& event);
  expected<Published, RequestError> publish_debug(std::string_view agent_id,
                                                  std::span<const std::span<const std::byte>> batch);

  // ------------------------------------------------------------------------------------------- presence

  /// Enters (topic, this client, key). `already_tracked` if this client has that key there.
  expected<Tracking, RequestError> track(std::string_view topic, std::string_view key, Meta meta = {});

  /// Everybody on the topic, as of one version.
  expected<PresenceList, RequestError> presence_list(std::string_view topic);

  // ------------------------------------------------------------------------------------------- statistics

  /// All topics that have a ring, by name.
  expected<std::vector<TopicStat>, RequestError> topic_stats();

  /// Everybody who reads one topic, in the order in which they came. `no_such_topic` where it has no ring.
  expected<std::vector<ReaderStat>, RequestError> reader_stats(std::string_view topic);

  // ------------------------------------------------------------------------------------------- the session

  /// True once agentd has ended or hung up. It stays true.
  bool daemon_gone() const noexcept;

  /// 32 hexadecimal digits that name this client to the others, as in `PresenceMeta::client_id`.
  const std::string& client_id() const noexcept;

  const std::string& socket_path() const noexcept;
  const std::string& namespace_name() const noexcept;
  const std::string& daemon_version() const noexcept;

 private:
  friend class SubscriptionSet;
  explicit Client(std::shared_ptr<detail::Session> session) noexcept;

  std::shared_ptr<detail::Session> session_;
};

}  // namespace ringside
