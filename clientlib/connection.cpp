// SPDX-License-Identifier: Apache-2.0
#include "clientlib/connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace ringside::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// How long the last words may take to leave when the session ends.
constexpr std::chrono::seconds linger{1};

/// Greeting and attaching have used the ids before.
constexpr std::uint64_t ids_used = 16;

shm::Descriptor make_event() {
  shm::Descriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
}

void raise_event(const shm::Descriptor& event) noexcept {
  const std::uint64_t one = 1;
  // A full counter is a raised one.
  static_cast<void>(!::write(event.get(), &one, sizeof one));
}

int milliseconds_until(Clock::time_point until) noexcept {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

}  // namespace

Connection::Connection(shm::Channel channel, int doorbell, Options options)
    : channel_(std::move(channel)),
      doorbell_(doorbell),
      options_(std::move(options)),
      gone_event_(make_event()),
      wake_event_(make_event()),
      buffer_(shm::channel_frame_size_max),
      last_id_(ids_used) {
  // The application's signals are handled on its own threads.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Connection::~Connection() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

expected<std::uint64_t, RequestError> Connection::post(control::RequestT& request, Pending pending) {
  const std::lock_guard lock(mutex_);
  if (gone()) return gone_failure();
  request.id = ++last_id_;
  auto frame = schema::encode(request);
  if (!frame) {
    return failure(RequestFault::too_large, "the request takes " + std::to_string(frame.error().size) +
                                                " bytes, a control frame " +
                                                std::to_string(schema::frame_size_max));
  }
  // agentd hangs up on frames that it does not understand: bad text of a caller is the caller's error.
  if (const auto readable = schema::decode_request(*frame); !readable)
    return failure(RequestFault::bad_input, readable.error().message);
  pending_.emplace(request.id, std::move(pending));
  send_or_queue(std::move(*frame));
  return request.id;
}

void Connection::send_or_queue(std::vector<std::byte> frame) {
  if (outbox_.empty()) {
    switch (channel_.send(frame).status) {
      case shm::SendStatus::sent:
        return;
      case shm::SendStatus::would_block:
        break;
      case shm::SendStatus::too_large:
      case shm::SendStatus::closed:
      case shm::SendStatus::failed:
        // The background thread finds the same, and says so to everybody who waits.
        wake();
        return;
    }
  }
  outbox_.push_back(std::move(frame));
  wake();
}

expected<Answer, RequestError> Connection::ask(control::RequestT request, Undo undo) {
  const auto deadline = Clock::now() + options_.request_timeout;
  Waiting waiting;
  const auto id = post(request, {.waiting = &waiting, .on_reply = {}, .undo = std::move(undo)});
  if (!id) return unexpected(id.error());

  std::unique_lock lock(mutex_);
  const bool in_time = waiting.answered.wait_until(
      lock, deadline, [this, &waiting] { return waiting.result.has_value() || gone(); });
  if (waiting.result) return std::move(*waiting.result);
  const auto mine = pending_.find(*id);
  if (!in_time && mine->second.undo) {
    mine->second.waiting = nullptr;
  } else {
    pending_.erase(mine);
  }
  if (in_time) return gone_failure();
  return failure(RequestFault::timeout, "agentd did not answer within " +
                                            std::to_string(options_.request_timeout.count()) +
                                            " ms; whether it did what was asked is not known");
}

void Connection::ask_later(control::RequestT request, OnReply on_reply) {
  static_cast<void>(post(request, {.waiting = nullptr, .on_reply = std::move(on_reply), .undo = {}}));
}

void Connection::tell(control::RequestT request) {
  static_cast<void>(post(request, {}));
}

void Connection::set_gone() noexcept {
  {
    const std::lock_guard lock(mutex_);
    // relaxed: see gone().
    gone_.store(true, std::memory_order::relaxed);
    for (auto& [id, pending] : pending_) {
      if (pending.waiting != nullptr) pending.waiting->answered.notify_one();
    }
  }
  raise_event(gone_event_);
}

void Connection::wake() noexcept {
  raise_event(wake_event_);
}

void Connection::run() {
  ::pthread_setname_np(::pthread_self(), "ringside");
  auto beat_at = Clock::now();
  std::optional<Clock::time_point> leave_by;
  while (!gone()) {
    const auto now = Clock::now();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ && !leave_by) leave_by = now + linger;
      if (stopping_ && (outbox_.empty() || now >= *leave_by)) return;
    }
    if (now >= beat_at) {
      options_.beat();
      beat_at = now + options_.beat_interval;
    }
    if (!wait_for_work(leave_by ? std::min(*leave_by, beat_at) : beat_at)) set_gone();
  }
}

/// False when agentd is gone.
bool Connection::wait_for_work(Clock::time_point until) {
  short wanted = POLLIN;
  {
    const std::lock_guard lock(mutex_);
    if (!outbox_.empty()) wanted = POLLIN | POLLOUT;
  }
  std::array<pollfd, 3> watched{pollfd{channel_.descriptor().get(), wanted, 0},
                                pollfd{wake_event_.get(), POLLIN, 0}, pollfd{doorbell_, 0, 0}};
  if (::poll(watched.data(), watched.size(), milliseconds_until(until)) < 0) return errno == EINTR;
  if ((watched[1].revents & POLLIN) != 0) {
    std::uint64_t count = 0;
    static_cast<void>(!::read(wake_event_.get(), &count, sizeof count));
  }
  if ((watched[0].revents & POLLOUT) != 0) flush();
  // What was answered before the end is delivered before the end is told.
  const bool open = (watched[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0 || receive_all();
  return open && (watched[2].revents & (POLLHUP | POLLERR)) == 0;
}

void Connection::flush() {
  const std::lock_guard lock(mutex_);
  while (!outbox_.empty() && channel_.send(outbox_.front()).status == shm::SendStatus::sent)
    outbox_.pop_front();
}

/// False when agentd is gone.
bool Connection::receive_all() {
  for (;;) {
    shm::Received received = channel_.receive(buffer_, shm::channel_descriptors_max);
    if (received.status == shm::ReceiveStatus::would_block) return true;
    if (received.status != shm::ReceiveStatus::frame) return false;
    const auto frame = std::span(buffer_).first(received.size);
    Answer answer;
    answer.frame.assign(frame.begin(), frame.end());
    const auto reply = schema::decode_reply(answer.frame);
    if (!reply) {
      deliver(reply.error().id,
              failure(RequestFault::protocol, "agentd's answer is not understood: " + reply.error().message));
      continue;
    }
    answer.reply = *reply;
    for (std::size_t i = 0; i < received.descriptor_count; ++i)
      answer.descriptors.push_back(std::move(received.descriptors[i]));
    if (received.credentials) answer.sender = received.credentials->uid;
    deliver(answer.reply->id(), std::move(answer));
  }
}

void Connection::deliver(std::uint64_t id, expected<Answer, RequestError> result) {
  Pending late;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(id);
    if (found == pending_.end()) return;
    late = std::move(found->second);
    pending_.erase(found);
    if (late.waiting != nullptr) {
      late.waiting->result = std::move(result);
      late.waiting->answered.notify_one();
      return;
    }
  }
  if (!result) return;
  if (late.on_reply) late.on_reply(*result->reply);
  if (late.undo) {
    if (std::optional<control::RequestT> request = late.undo(*result->reply)) tell(std::move(*request));
  }
}

}  // namespace ringside::detail
