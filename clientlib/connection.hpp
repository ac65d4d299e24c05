// SPDX-License-Identifier: Apache-2.0
//
// The connected control socket and the client's background thread.
//
// Threads   any number ask at once; each waits for its own answer. The background thread alone receives.
// Progress  an ask ends with its answer, at its deadline, or when agentd is gone. Nothing here blocks on a socket: what
//           the kernel does not take at once goes out from the background thread.
// Ordering  frames leave in the order of the calls; a callback of `ask_later` runs before any later answer is delivered.
// Crash     hang-up of the socket or of the doorbell, seen by the background thread, ends every wait at once.
// Trust     a frame is believed after the codec has checked it. An answer to nothing that was asked is dropped, and the
//           descriptors that came with it are closed.
// Fork      requires that no call is made in a child: the callers look first.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "clientlib/answer.hpp"
#include "shm/channel.hpp"

namespace ringside::detail {

class Connection {
 public:
  /// What takes back, on agentd's side, what a request achieved whose caller had stopped waiting.
  using Undo = std::function<std::optional<control::RequestT>(const control::Reply&)>;
  using OnReply = std::function<void(const control::Reply&)>;

  struct Options {
    std::chrono::milliseconds request_timeout;
    std::chrono::milliseconds beat_interval;
    /// Called by the background thread at each interval while agentd is there.
    std::function<void()> beat;
  };

  /// `channel` is greeted and attached. `doorbell` is watched for its hang-up only, and stays the caller's.
  /// Throws std::system_error where the process has no descriptors or threads left.
  Connection(shm::Channel channel, int doorbell, Options options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends and waits for the answer, which may be a refusal.
  expected<Answer, RequestError> ask(control::RequestT request, Undo undo = {});

  /// Sends; `on_reply` runs on the background thread. Nothing runs if agentd goes first.
  void ask_later(control::RequestT request, OnReply on_reply);

  /// Sends; the answer is not looked at.
  void tell(control::RequestT request);

  // relaxed: the flag orders nothing, what it tells is seen in the descriptors too.
  bool gone() const noexcept { return gone_.load(std::memory_order::relaxed); }

  /// Says that agentd is gone: for whoever sees it first.
  void set_gone() noexcept;

  /// Readable once agentd is gone.
  int gone_event() const noexcept { return gone_event_.get(); }

  std::chrono::milliseconds request_timeout() const noexcept { return options_.request_timeout; }

 private:
  struct Waiting {
    std::condition_variable answered;
    std::optional<expected<Answer, RequestError>> result;
  };
  struct Pending {
    Waiting* waiting = nullptr;  // an asker, on its own stack
    OnReply on_reply;
    Undo undo;
  };

  expected<std::uint64_t, RequestError> post(control::RequestT& request, Pending pending);
  void send_or_queue(std::vector<std::byte> frame);
  void run();
  bool wait_for_work(std::chrono::steady_clock::time_point until);
  void flush();
  bool receive_all();
  void deliver(std::uint64_t id, expected<Answer, RequestError> result);
  void wake() noexcept;

  shm::Channel channel_;
  int doorbell_;
  Options options_;
  shm::Descriptor gone_event_;
  shm::Descriptor wake_event_;
  std::atomic<bool> gone_{false};
  std::vector<std::byte> buffer_;  // the background thread's

  std::mutex mutex_;  // guards what follows, and sending
  std::uint64_t last_id_;
  std::unordered_map<std::uint64_t, Pending> pending_;
  std::deque<std::vector<std::byte>> outbox_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace ringside::detail
