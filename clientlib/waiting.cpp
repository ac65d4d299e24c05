// SPDX-License-Identifier: Apache-2.0
#include "clientlib/waiting.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <poll.h>
#include <sys/epoll.h>

namespace ringside::detail {

Waiting::Waiting(Connection& connection, std::atomic<std::uint32_t>& flag, int doorbell)
    : connection_(connection), flag_(flag), doorbell_(doorbell), watched_(::epoll_create1(EPOLL_CLOEXEC)) {
  for (const int fd : {doorbell, connection.gone_event()}) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    if (!watched_ || ::epoll_ctl(watched_.get(), EPOLL_CTL_ADD, fd, &wanted) != 0)
      throw std::system_error(errno, std::generic_category(), "epoll");
  }
}

std::optional<Waiting::Clock::time_point> Waiting::deadline_after(std::chrono::nanoseconds timeout) noexcept {
  if (timeout < std::chrono::nanoseconds::zero()) return std::nullopt;
  const auto now = Clock::now();
  if (timeout > Clock::time_point::max() - now) return std::nullopt;
  return now + timeout;
}

void Waiting::drain() noexcept {
  if (shm::drain_doorbell(doorbell_) == shm::Drained::hung_up) connection_.set_gone();
}

std::optional<WaitResult> Waiting::sleep(std::optional<Clock::time_point> deadline) noexcept {
  std::array<pollfd, 2> watched{pollfd{doorbell_, POLLIN, 0}, pollfd{connection_.gone_event(), POLLIN, 0}};
  timespec left{};
  if (deadline) {
    const auto time = std::chrono::nanoseconds(*deadline - Clock::now());
    if (time <= std::chrono::nanoseconds::zero()) return WaitResult::timeout;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    left = {.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
  }
  const int ready = ::ppoll(watched.data(), watched.size(), deadline ? &left : nullptr, nullptr);
  if (ready == 0) return WaitResult::timeout;
  if (ready < 0) return WaitResult::interrupted;
  if ((watched[0].revents & (POLLHUP | POLLERR)) != 0) connection_.set_gone();
  return std::nullopt;
}

}  // namespace ringside::detail
