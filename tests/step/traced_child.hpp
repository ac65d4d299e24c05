// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <sys/types.h>

namespace ringside::step {

/// Every instruction of a region in the order in which one run of it came by, as addresses.
class Trace {
 public:
  void add(std::uint64_t place);
  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
  [[nodiscard]] std::uint64_t operator[](std::size_t index) const noexcept { return places_[index]; }
  /// The last one up to `index` whose address had not come by before it: a breakpoint there is met at once.
  [[nodiscard]] std::size_t first_met(std::size_t index) const noexcept { return first_met_[index]; }

 private:
  std::vector<std::uint64_t> places_;
  std::vector<std::size_t> first_met_;
};

/// What a child does: only the region is stepped through.
struct Steps {
  std::function<void()> before;
  std::function<void()> region;
  std::function<int()> after;  // gives the exit code
};

/// A forked child that stands before an instruction of its region until it is told to go on, or is killed. An
/// instruction is done or not done: what another process sees of the child's memory is what death would
/// leave.
class TracedChild {
 public:
  /// Called before a system call of the region, which may be one that waits.
  using OnSystemCall = std::function<void(std::size_t index, std::uint64_t number)>;

  /// Comes back when the child stands before the first instruction of its region.
  explicit TracedChild(const Steps& steps);
  TracedChild(const TracedChild&) = delete;
  TracedChild& operator=(const TracedChild&) = delete;
  ~TracedChild() { kill(); }

  /// Steps through the whole region, and stands behind it.
  Trace record(const OnSystemCall& on_system_call = {});
  /// Goes on to the instruction `index` of a region that takes the way of `trace`, from before
  /// `first_met(index)`; `index` may be its size. False: it took another way.
  bool run_to(const Trace& trace, std::size_t index);
  /// At most `count` instructions more, not beyond the region's end.
  void step(std::size_t count);

  /// SIGKILL, and the proof that it is dead.
  void kill() noexcept;
  /// Lets it go on untraced to its end: its exit code, or 1000 + the signal that ended it, or `hangs` if it
  /// does not come to an end.
  int go_on();
  static constexpr int hangs = -1;

 private:
  [[nodiscard]] std::uint64_t place() const;
  [[nodiscard]] bool at_end() const;
  void resume(int request) const;
  void run_to_breakpoint(std::uint64_t where) const;

  ::pid_t pid_ = -1;
};

}  // namespace ringside::step
