// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <sched.h>

#include "shm/pause_processor.hpp"

namespace ringside::bench {

/// How both ends of a channel wait: by looking again and again, or in the kernel.
struct Waiting {
  bool busy = false;
  bool crowded = false;  ///< whoever looks again gives the core away first: others need it

  void look_again() const {
    if (crowded) {
      sched_yield();
    } else {
      shm::pause_processor();
    }
  }
};

/// As many events as a throughput run sends between two flushes, for every subject the same: Ringside's bench rings its
/// doorbell as often.
inline constexpr std::uint32_t batch_events = 64;

/// The sending end, in the process that sends. What fails throws std::exception; nothing is ever dropped on purpose.
class Sender {
 public:
  virtual ~Sender() = default;

  /// Waits until what is sent from now on reaches the receiver.
  virtual void await_receiver() {}

  /// Room for the next event, at the place nearest to the wire that the peer lets a user write to. Valid until
  /// commit().
  virtual std::byte* claim(std::uint32_t size) = 0;

  /// Sends what claim() gave, or keeps it for flush(); waits where there is no room.
  virtual void commit() = 0;

  /// Everything committed is on its way: ends a batch of at most `batch_events`.
  virtual void flush() {}
};

/// The receiving end, in the process that receives.
class Receiver {
 public:
  virtual ~Receiver() = default;

  /// Waits for the next event; its bytes are valid until the next call. Throws std::exception where the peer tells that
  /// the other end is gone.
  virtual std::span<const std::byte> receive() = 0;
};

/// One way from one process to another. Made before the two fork; each then opens its own end: the sender's first.
class Channel {
 public:
  virtual ~Channel() = default;

  virtual std::unique_ptr<Sender> open_sender() = 0;
  virtual std::unique_ptr<Receiver> open_receiver() = 0;

  /// The last call of a process that has closed its ends: for peers that must hear of its end. It need not return.
  virtual void leave() {}
};

/// A transport that others use where Ringside could be used, set up as its documentation advises for a lossless stream.
class Peer {
 public:
  virtual ~Peer() = default;

  [[nodiscard]] virtual std::string name() const = 0;

  /// What was chosen where there was a choice, in one line without quotes.
  [[nodiscard]] virtual std::string configuration() const = 0;

  /// A channel for events of at most `size` bytes. Starts no thread: its ends do.
  virtual std::unique_ptr<Channel> make_channel(std::uint32_t size, Waiting waiting) = 0;
};

}  // namespace ringside::bench
