// SPDX-License-Identifier: Apache-2.0
//
// One connection: requests in, answers out.
//
// Threads    The conductor only.
// Ordering   Answers leave in the order of their requests, whenever they are given.
// Progress   Nothing waits for the peer. While `answers_max` requests are unanswered, or the peer does not take its
//            answers, no more is read from it; if it takes none for `stall_max`, it is disconnected.
// Trust      A frame may come from anybody: what is not a request of this protocol is refused, and where its sender cannot
//            have meant it (no FlatBuffer, a reply, descriptors, too large) the connection ends after the refusal.
//            Empty frames are passed over.
// Memory     At most `answers_max` answers of one frame each.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agentd/refusal.hpp"
#include "control_generated.h"
#include "schema/control_codec.hpp"
#include "shm/channel.hpp"
#include "shm/descriptor.hpp"

namespace ringside::agentd {

class Session;

/// The one answer that a request gets: given at any later time, on the conductor, or, if nobody gives one, an
/// `internal` error when this goes.
class Responder {
 public:
  Responder(std::weak_ptr<Session> session, std::uint64_t place, std::uint64_t request)
      : session_(std::move(session)), place_(place), request_(request) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  void ok() { send(control::OkT{}); }
  void refuse(Refusal refusal);
  /// Descriptors are duplicated for the time that the answer waits.
  template <class Body>
  void send(Body body, std::vector<shm::Descriptor> descriptors = {}) {
    control::ReplyT reply;
    reply.id = request_;
    reply.body.Set(std::move(body));
    answer(reply, std::move(descriptors));
  }

 private:
  void answer(const control::ReplyT& reply, std::vector<shm::Descriptor> descriptors);

  std::weak_ptr<Session> session_;
  std::uint64_t place_;
  std::uint64_t request_;
};

/// Who acts on requests.
class SessionHandler {
 public:
  virtual void request_came(Session& session, const control::Request& request, Responder responder) = 0;
  /// Called once, whoever ended it. `why` is for the log.
  virtual void session_ended(Session& session, std::string_view why) = 0;

 protected:
  ~SessionHandler() = default;
};

/// Where a frame is received: large, and needed only until its request was handled, so one does for all sessions.
struct FrameBuffer {
  alignas(schema::frame_alignment) std::array<std::byte, schema::frame_size_max> bytes;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  static constexpr std::size_t answers_max = 64;
  static constexpr std::chrono::seconds stall_max{5};

  /// `handler` and `buffer` outlive the session.
  Session(boost::asio::io_context& conductor, std::uint64_t number, shm::Channel channel,
          SessionHandler& handler, FrameBuffer& buffer);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start() { read(); }
  /// Hangs up, now.
  void end(std::string_view why);
  /// Reads nothing more, and hangs up as soon as the peer has its answers.
  void end_after_answers(std::string_view why);

  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return !ended_; }
  [[nodiscard]] const shm::Channel& channel() const noexcept { return channel_; }

 private:
  friend class Responder;
  struct Answer {
    bool given = false;
    std::vector<std::byte> frame;
    std::vector<shm::Descriptor> descriptors;
  };

  void read();
  void receive_some();
  void take(std::size_t size);
  void refuse_frame(std::uint64_t id, std::string message);
  void give(std::uint64_t place, std::vector<std::byte> frame, std::vector<shm::Descriptor> descriptors);
  void flush();
  void wait_for_the_peer();

  std::uint64_t number_;
  shm::Channel channel_;
  SessionHandler& handler_;
  FrameBuffer& buffer_;
  boost::asio::posix::stream_descriptor waits_;  // the channel's descriptor, borrowed
  boost::asio::steady_timer stall_;
  std::deque<Answer> answers_;
  std::uint64_t first_place_ = 0;  // of answers_.front()
  std::string ending_;             // why, once no more is read
  bool reading_ = false;
  bool paused_ = false;  // too many are unanswered to read on
  bool writing_ = false;
  bool ended_ = false;
};

}  // namespace ringside::agentd
