// SPDX-License-Identifier: Apache-2.0
#include "agentd/session.hpp"

#include <cstring>
#include <span>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "shm/assert.hpp"

namespace ringside::agentd {

namespace {

/// So many frames of one session before another one has its turn.
constexpr int frames_a_turn = 16;

using Wait = boost::asio::posix::descriptor_base;

}  // namespace

Responder::~Responder() {
  if (!session_.expired())
    refuse({control::ErrorCode::internal, "agentd gave no answer; its log may say more"});
}

void Responder::refuse(Refusal refusal) {
  control::ErrorT error;
  error.code = refusal.code;
  error.message = std::move(refusal.message);
  send(std::move(error));
}

void Responder::answer(const control::ReplyT& reply, std::vector<shm::Descriptor> descriptors) {
  const auto session = session_.lock();
  session_.reset();
  if (session == nullptr) return;
  auto frame = schema::encode(reply);
  if (!frame) {
    spdlog::error("session {}: an answer of {} bytes was not sent", session->number(), frame.error().size);
    control::ErrorT error;
    error.message = fmt::format("the answer would have had {} bytes; a frame has at most {}",
                                frame.error().size, schema::frame_size_max);
    control::ReplyT instead;
    instead.id = reply.id;
    instead.body.Set(std::move(error));
    frame = schema::encode(instead);
    descriptors.clear();
  }
  session->give(place_, std::move(*frame), std::move(descriptors));
}

Session::Session(boost::asio::io_context& conductor, std::uint64_t number, shm::Channel channel,
                 SessionHandler& handler, FrameBuffer& buffer)
    : number_(number),
      channel_(std::move(channel)),
      handler_(handler),
      buffer_(buffer),
      waits_(conductor, channel_.descriptor().get()),
      stall_(conductor) {}

Session::~Session() {
  if (waits_.is_open()) static_cast<void>(waits_.release());
}

void Session::end(std::string_view why) {
  if (std::exchange(ended_, true)) return;
  const auto alive = shared_from_this();
  stall_.cancel();
  static_cast<void>(waits_.release());
  channel_.shut_down();
  answers_.clear();
  handler_.session_ended(*this, why);
}

void Session::end_after_answers(std::string_view why) {
  if (ended_ || !ending_.empty()) return;
  ending_ = why;
  flush();
}

void Session::read() {
  if (ended_ || reading_ || !ending_.empty()) return;
  if (answers_.size() >= answers_max) {
    paused_ = true;
    return;
  }
  reading_ = true;
  waits_.async_wait(Wait::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
    self->reading_ = false;
    if (!error && !self->ended_) self->receive_some();
  });
}

void Session::receive_some() {
  for (int i = 0; i < frames_a_turn; ++i) {
    if (ended_ || !ending_.empty()) return;
    if (answers_.size() >= answers_max) break;
    const shm::Received received = channel_.receive(buffer_.bytes);
    switch (received.status) {
      case shm::ReceiveStatus::frame:
        take(received.size);
        break;
      case shm::ReceiveStatus::would_block:
        return read();
      case shm::ReceiveStatus::closed:
        return end("the client has closed");
      case shm::ReceiveStatus::too_large:
        return refuse_frame(0, fmt::format("a frame has at most {} bytes", schema::frame_size_max));
      case shm::ReceiveStatus::descriptors_refused:
        return refuse_frame(0, "a client passes no descriptors");
      case shm::ReceiveStatus::failed:
        return end(fmt::format("receiving failed: {}", std::strerror(received.error_number)));
    }
  }
  read();
}

void Session::take(std::size_t size) {
  if (size == 0) return;
  const auto request = schema::decode_request(std::span(buffer_.bytes).first(size));
  if (!request) {
    if (request.error().fault == schema::FrameFault::unknown_body) {
      const std::uint64_t place = first_place_ + answers_.size();
      answers_.emplace_back();
      Responder(weak_from_this(), place, request.error().id)
          .refuse({control::ErrorCode::bad_request, request.error().message});
      return;
    }
    return refuse_frame(request.error().id, request.error().message);
  }
  const std::uint64_t place = first_place_ + answers_.size();
  answers_.emplace_back();
  handler_.request_came(*this, **request, Responder(weak_from_this(), place, (*request)->id()));
}

void Session::refuse_frame(std::uint64_t id, std::string message) {
  const std::uint64_t place = first_place_ + answers_.size();
  answers_.emplace_back();
  Responder(weak_from_this(), place, id).refuse({control::ErrorCode::bad_request, message});
  end_after_answers("it sent what is no request: " + message);
}

void Session::give(std::uint64_t place, std::vector<std::byte> frame,
                   std::vector<shm::Descriptor> descriptors) {
  if (ended_) return;
  RINGSIDE_ASSERT(place >= first_place_ && place - first_place_ < answers_.size());
  Answer& answer = answers_[place - first_place_];
  RINGSIDE_ASSERT(!answer.given);
  answer = {true, std::move(frame), std::move(descriptors)};
  if (place == first_place_) flush();
}

void Session::flush() {
  if (ended_ || writing_) return;
  while (!answers_.empty() && answers_.front().given) {
    const Answer& answer = answers_.front();
    std::vector<int> descriptors;
    for (const shm::Descriptor& descriptor : answer.descriptors)
      descriptors.push_back(descriptor.get());
    const shm::Sent sent = channel_.send(answer.frame, descriptors);
    if (sent.status == shm::SendStatus::would_block) return wait_for_the_peer();
    if (sent.status == shm::SendStatus::closed) return end("the client has closed");
    if (sent.status != shm::SendStatus::sent) {
      return end(fmt::format("sending failed: {}", std::strerror(sent.error_number)));
    }
    answers_.pop_front();
    ++first_place_;
  }
  if (answers_.empty() && !ending_.empty()) return end(std::string(ending_));
  if (!std::exchange(paused_, false)) return;
  // Not from here: whoever gave this answer may still be reading its own request in the shared buffer.
  boost::asio::post(waits_.get_executor(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->read();
  });
}

void Session::wait_for_the_peer() {
  writing_ = true;
  stall_.expires_after(stall_max);
  stall_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self != nullptr && self->writing_) self->end("it does not take its answers");
  });
  waits_.async_wait(Wait::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->ended_) return;
    self->writing_ = false;
    self->stall_.cancel();
    self->flush();
  });
}

}  // namespace ringside::agentd
