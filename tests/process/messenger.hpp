// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

namespace ringside::test {

/// One way between a parent and the child that it forks: each `tell` is one `hear`.
class Messenger {
 public:
  Messenger() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  }
  ~Messenger() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Messenger(const Messenger&) = delete;
  Messenger& operator=(const Messenger&) = delete;

  void tell() const {
    if (::write(ends_[1], "+", 1) != 1) throw std::runtime_error("nobody hears");
  }
  void hear() const {
    char byte = 0;
    if (::read(ends_[0], &byte, 1) != 1) throw std::runtime_error("nobody speaks");
  }

 private:
  std::array<int, 2> ends_{};
};

}  // namespace ringside::test
