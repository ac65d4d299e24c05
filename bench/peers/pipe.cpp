// SPDX-License-Identifier: Apache-2.0
//
// Peer: a pipe, as pipe(7) and fcntl(2) tell how to make the most of it: twice, with a write for each event, and with
// one for each batch, where the sender holds events back to save system calls. Events of one size need no frames.
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "bench/peers/peer_list.hpp"
#include "shm/descriptor.hpp"

namespace ringside::bench {
namespace {

constexpr int pipe_size = 1 << 20;  // what /proc/sys/fs/pipe-max-size allows everybody
constexpr std::size_t read_size = 1 << 16;

[[noreturn]] void fail(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

class PipeSender final : public Sender {
 public:
  PipeSender(shm::Descriptor descriptor, std::uint32_t size, std::uint32_t events_a_write, Waiting waiting)
      : descriptor_(std::move(descriptor)), waiting_(waiting), batch_(std::size_t{size} * events_a_write) {}

  std::byte* claim(std::uint32_t size) override {
    claimed_ = size;
    return batch_.data() + used_;
  }

  void commit() override {
    used_ += claimed_;
    if (used_ == batch_.size()) flush();
  }

  void flush() override {
    for (std::size_t written = 0; written < used_;) {
      const ssize_t n = write(descriptor_.get(), batch_.data() + written, used_ - written);
      if (n >= 0) {
        written += static_cast<std::size_t>(n);
      } else if (errno == EAGAIN) {
        waiting_.look_again();
      } else if (errno != EINTR) {
        fail("write to a pipe");
      }
    }
    used_ = 0;
  }

 private:
  shm::Descriptor descriptor_;
  Waiting waiting_;
  std::vector<std::byte> batch_;
  std::size_t used_ = 0;
  std::uint32_t claimed_ = 0;
};

class PipeReceiver final : public Receiver {
 public:
  PipeReceiver(shm::Descriptor descriptor, std::uint32_t size, Waiting waiting)
      : descriptor_(std::move(descriptor)),
        size_(size),
        waiting_(waiting),
        buffer_(read_size / size * size) {}

  std::span<const std::byte> receive() override {
    if (end_ - begin_ < size_) read_more();
    const std::span<const std::byte> event(buffer_.data() + begin_, size_);
    begin_ += size_;
    return event;
  }

 private:
  /// Reads until a whole event is there. What is left of the last read moves to the front.
  void read_more() {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
    while (end_ < size_) {
      const ssize_t n = read(descriptor_.get(), buffer_.data() + end_, buffer_.size() - end_);
      if (n > 0) {
        end_ += static_cast<std::size_t>(n);
      } else if (n == 0) {
        throw std::runtime_error("the pipe's sender is gone");
      } else if (errno == EAGAIN) {
        waiting_.look_again();
      } else if (errno != EINTR) {
        fail("read from a pipe");
      }
    }
  }

  shm::Descriptor descriptor_;
  std::uint32_t size_;
  Waiting waiting_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class PipeChannel final : public Channel {
 public:
  PipeChannel(std::uint32_t size, std::uint32_t events_a_write, Waiting waiting)
      : size_(size), events_a_write_(events_a_write), waiting_(waiting) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | (waiting.busy ? O_NONBLOCK : 0)) != 0) fail("pipe2");
    reading_ = shm::Descriptor(ends[0]);
    writing_ = shm::Descriptor(ends[1]);
    if (fcntl(writing_.get(), F_SETPIPE_SZ, pipe_size) < 0) fail("F_SETPIPE_SZ");
  }

  std::unique_ptr<Sender> open_sender() override {
    reading_ = shm::Descriptor();
    return std::make_unique<PipeSender>(std::move(writing_), size_, events_a_write_, waiting_);
  }

  std::unique_ptr<Receiver> open_receiver() override {
    writing_ = shm::Descriptor();
    return std::make_unique<PipeReceiver>(std::move(reading_), size_, waiting_);
  }

 private:
  std::uint32_t size_;
  std::uint32_t events_a_write_;
  Waiting waiting_;
  shm::Descriptor reading_;
  shm::Descriptor writing_;
};

class Pipe final : public Peer {
 public:
  explicit Pipe(std::uint32_t events_a_write) : events_a_write_(events_a_write) {}

  [[nodiscard]] std::string name() const override { return events_a_write_ == 1 ? "pipe" : "pipe_batched"; }
  [[nodiscard]] std::string configuration() const override {
    return fmt::format(
        "F_SETPIPE_SZ 1 MiB, {} in one write, reads of up to 64 KiB; busy: O_NONBLOCK",
        events_a_write_ == 1 ? "an event" : fmt::format("a batch of {} events", events_a_write_));
  }
  std::unique_ptr<Channel> make_channel(std::uint32_t size, Waiting waiting) override {
    return std::make_unique<PipeChannel>(size, events_a_write_, waiting);
  }

 private:
  std::uint32_t events_a_write_;
};

}  // namespace

std::unique_ptr<Peer> make_pipe() {
  return std::make_unique<Pipe>(1);
}

std::unique_ptr<Peer> make_pipe_batched() {
  return std::make_unique<Pipe>(batch_events);
}

}  // namespace ringside::bench
