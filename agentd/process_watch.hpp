// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "shm/descriptor.hpp"

namespace ringside::agentd {

/// Tells once when a process has ended.
///
/// Threads: those of the executor, one at a time.
/// Trust:   the kernel's word by a pidfd, which never comes to mean another process, and that asked again: a wait of Asio for a
///          descriptor may end for the news of an older one, whose place in the reactor it has been given.
class ProcessWatch {
 public:
  explicit ProcessWatch(boost::asio::any_io_executor executor);
  /// Nothing is told after it.
  ~ProcessWatch();
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  /// Watches the process of this pidfd. False where the kernel has no room for one more; then nothing is watched.
  bool open(shm::Descriptor process);
  [[nodiscard]] bool is_open() const noexcept;

  /// Calls `ended` as soon as the process has ended; a zombie has. Requires that a process is watched; once.
  void wait(std::function<void()> ended);

 private:
  struct State;
  static void wait(const std::shared_ptr<State>& state, std::function<void()> ended);

  std::shared_ptr<State> state_;
};

}  // namespace ringside::agentd
