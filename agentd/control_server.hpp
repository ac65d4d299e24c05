// SPDX-License-Identifier: Apache-2.0
//
// The control socket: who comes in, and who is sent away.
//
// Threads    The conductor only.
// Progress   Where descriptors or memory run out, accepting pauses and everybody who is in is served on.
// Trust      A user has at most `limits.sessions_per_uid` sessions: a few more are let in only to be told so, the rest is
//            hung up on. Who does not greet within `greeting_max` is hung up on.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agentd/client_table.hpp"
#include "agentd/conductor.hpp"
#include "agentd/control_requests.hpp"
#include "agentd/session.hpp"
#include "shm/channel.hpp"

namespace ringside::agentd {

class ControlServer final : public SessionHandler {
 public:
  static constexpr std::chrono::seconds greeting_max{5};

  /// The conductor must outlive the server.
  ControlServer(Conductor& conductor, shm::ChannelListener listener);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();

  void start() { wait(); }
  /// Nobody comes in any more.
  void stop_accepting();
  /// Hangs up on everybody.
  void end_all();

 private:
  void wait();
  void accept_some();
  void pause();
  void welcome(shm::Channel channel);

  void request_came(Session& session, const control::Request& request, Responder responder) override;
  void session_ended(Session& session, std::string_view why) override;

  Conductor& conductor_;
  shm::ChannelListener listener_;
  boost::asio::posix::stream_descriptor knocks_;  // the listener's descriptor, borrowed
  boost::asio::steady_timer pause_;
  ClientTable clients_;
  ControlRequests requests_;
  FrameBuffer buffer_;
  std::uint64_t last_session_ = 0;
  bool accepting_ = true;
};

}  // namespace ringside::agentd
