// SPDX-License-Identifier: Apache-2.0
#include "shm/doorbell.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace ringside::shm {

expected<Doorbell, int> Doorbell::create() noexcept {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return unexpected(errno);
  return Doorbell(Descriptor(ends[0]), Descriptor(ends[1]));
}

void ring_doorbell(int ringing_end) noexcept {
  const int before = errno;
  constexpr char ring = 1;
  while (::write(ringing_end, &ring, 1) < 0 && errno == EINTR) {
  }
  // EAGAIN: full, so it has been rung. Anything else concerns a waiter that is gone.
  errno = before;
}

Drained drain_doorbell(int waiting_end) noexcept {
  // A pipe holds 64 KiB unless its owner has made it larger: the rounds are bounded, whoever keeps ringing.
  constexpr int rounds_max = 64;
  std::array<char, 4096> rings;
  bool rung = false;
  for (int round = 0; round < rounds_max; ++round) {
    const ssize_t count = ::read(waiting_end, rings.data(), rings.size());
    if (count == 0) return Drained::hung_up;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    rung = true;
    if (static_cast<std::size_t>(count) < rings.size()) break;
  }
  return rung ? Drained::rung : Drained::empty;
}

Woken sleep_on_doorbell(int waiting_end, std::optional<std::chrono::nanoseconds> timeout) noexcept {
  timespec limit{};
  if (timeout) {
    const auto left = std::max(*timeout, std::chrono::nanoseconds(0));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    limit.tv_sec = static_cast<std::time_t>(seconds.count());
    limit.tv_nsec = static_cast<long>((left - seconds).count());
  }
  pollfd waited{waiting_end, POLLIN, 0};
  const int ready = ::ppoll(&waited, 1, timeout ? &limit : nullptr, nullptr);
  if (ready == 0) return Woken::timeout;
  if (ready < 0) return errno == EINTR ? Woken::interrupted : Woken::hung_up;
  if ((waited.revents & POLLIN) != 0) return Woken::rung;
  return Woken::hung_up;
}

}  // namespace ringside::shm
