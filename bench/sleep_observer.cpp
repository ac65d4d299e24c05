// SPDX-License-Identifier: Apache-2.0
#include "bench/sleep_observer.hpp"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace ringside::bench {

SleepObserver::SleepObserver(pid_t pid)
    : stat_(::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC)) {
  if (!stat_) throw std::system_error(errno, std::generic_category(), fmt::format("/proc/{}/stat", pid));
}

bool SleepObserver::asleep() const {
  // "pid (name) state ...": the name may hold anything, the last parenthesis is its end.
  std::array<char, 256> bytes{};
  const ssize_t size = ::pread(stat_.get(), bytes.data(), bytes.size(), 0);
  const std::string_view text(bytes.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  const std::size_t name_end = text.rfind(')');
  const char state = name_end + 2 < text.size() ? text[name_end + 2] : 'X';
  if (name_end == std::string_view::npos || state == 'X' || state == 'Z')
    throw std::runtime_error("the process that was to sleep has ended");
  return state == 'S';
}

}  // namespace ringside::bench
