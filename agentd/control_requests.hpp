// SPDX-License-Identifier: Apache-2.0
//
// What each request does.
//
// Threads    The conductor only.
// Ordering   A request has taken effect when its answer is given; only answers that wait for a topic, or
//            for a start, are given later.
// Trust      Requests have passed their decoder: sizes and UTF-8 are right, what they say need not be. Names, limits and
//            rights are looked at here, before anything is changed.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agentd/client.hpp"
#include "agentd/client_table.hpp"
#include "agentd/conductor.hpp"
#include "agentd/heartbeat_rounds.hpp"
#include "agentd/session.hpp"
#include "control_generated.h"

namespace ringside::agentd {

class ControlRequests {
 public:
  /// Everything that is passed must outlive it.
  ControlRequests(Conductor& conductor, ClientTable& clients);

  void handle(Client& client, const control::Request& request, Responder responder);

  /// The connection is over: so are the client's presences. Its subscriptions are the attachment's.
  void client_left(Client& client);

 private:
  // control_requests.cpp
  void hello(Client& client, const control::Hello& request, Responder responder);
  void attach(Client& client, Responder responder);
  // subscription_requests.cpp
  void subscribe(Client& client, const control::Subscribe& request, Responder responder);
  void unsubscribe(Client& client, const control::Unsubscribe& request, Responder responder);
  // agent_requests.cpp
  void start(Client& client, const control::Start& request, Responder responder);
  void execute(const control::Execute& request, Responder responder);
  void send(const control::Send& request, Responder responder);
  void resume(const control::Resume& request, Responder responder);
  void dismiss(const control::Dismiss& request, Responder responder);
  void cancel(const control::Cancel& request, Responder responder);
  void touch(const control::Touch& request, Responder responder);
  void stop(const control::Stop& request, Responder responder);
  void find(const control::Find& request, Responder responder);
  void list(const control::List& request, Responder responder);
  // publish_requests.cpp
  void publish(const control::Publish& request, Responder responder);
  // presence_requests.cpp
  void track(Client& client, const control::Track& request, Responder responder);
  void update(Client& client, const control::Update& request, Responder responder);
  void untrack(Client& client, const control::Untrack& request, Responder responder);
  void presence_list(const control::PresenceList& request, Responder responder);
  // stats_requests.cpp
  void topic_stats(const control::TopicStats& request, Responder responder);
  void reader_stats(const control::ReaderStats& request, Responder responder);
  void presences_changed(Client& client, std::size_t count);
  /// The clients among those of a page that hang and are not gone yet.
  [[nodiscard]] std::vector<std::string> stale_among(
      const std::vector<std::unique_ptr<events::PresenceEntryT>>& entries) const;

  Conductor& conductor_;
  ClientTable& clients_;
  HeartbeatRounds heartbeats_;
};

}  // namespace ringside::agentd
