// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <sys/types.h>

namespace ringside::bench {

/// The other process of a measurement: forked, pinned, running one function, ended with the parent.
///
/// Threads: use from the thread that made it (a forked child keeps only that one). The child leaves with
/// _exit, so nothing that the parent has open is flushed or destroyed twice.
class MeasuredChild {
 public:
  /// Forks; the child pins itself to `core` (any core when negative) and runs `body`. Throws
  /// std::system_error where fork fails.
  MeasuredChild(int core, const std::function<void()>& body);
  /// Kills the child if it still runs, and reaps it.
  ~MeasuredChild();
  MeasuredChild(const MeasuredChild&) = delete;
  MeasuredChild& operator=(const MeasuredChild&) = delete;

  /// Waits for the child's end; throws std::runtime_error if it did not end well.
  void join();

  /// Whether it has ended by itself; it is reaped then.
  [[nodiscard]] bool ended();

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

/// Zeroed memory that parent and children share, gone with the last of them. `T` holds lock-free atomics and
/// plain data only.
template <class T>
class SharedBlock;

/// Maps `size` bytes, shared and anonymous; throws std::system_error. Backed at once, so that no run pays for
/// page faults.
void* map_shared(std::size_t size);
void unmap_shared(void* address, std::size_t size) noexcept;

template <class T>
class SharedBlock {
 public:
  SharedBlock() : value_(new (map_shared(sizeof(T))) T{}) {}
  ~SharedBlock() { unmap_shared(value_, sizeof(T)); }
  SharedBlock(const SharedBlock&) = delete;
  SharedBlock& operator=(const SharedBlock&) = delete;
  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  T* value_;
};

}  // namespace ringside::bench
