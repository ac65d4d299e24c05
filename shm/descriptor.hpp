// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

namespace ringside::shm {

/// Owns one file descriptor. Move only; -1 is none.
class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

  /// Gives the descriptor up without closing it.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

  /// Closes what it owned (errno is left as it was) and owns `fd`.
  void reset(int fd = -1) noexcept;

  /// A second descriptor of the same open file, close-on-exec; none, with errno, if the process has too many.
  [[nodiscard]] Descriptor duplicate() const noexcept;

 private:
  int fd_ = -1;
};

}  // namespace ringside::shm
