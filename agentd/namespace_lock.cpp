// SPDX-License-Identifier: Apache-2.0
#include "agentd/namespace_lock.hpp"

#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <fmt/format.h>

namespace ringside::agentd {

namespace {

unexpected<StartFailure> cannot(const std::filesystem::path& path, const char* what) {
  return unexpected<StartFailure>{{EX_CANTCREAT, fmt::format("{}: the namespace's lock: {}: {}",
                                                             path.string(), what, std::strerror(errno))}};
}

/// What the holder wrote there, as far as it is a number.
std::string holder_of(int file) {
  std::array<char, 16> text{};
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  std::string pid;
  for (ssize_t i = 0;
       i < size && std::isdigit(static_cast<unsigned char>(text[static_cast<std::size_t>(i)])) != 0; ++i) {
    pid.push_back(text[static_cast<std::size_t>(i)]);
  }
  return pid.empty() ? "another process" : "process " + pid;
}

int lock_now(int file) {
  int result = 0;
  do {
    result = ::flock(file, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

expected<NamespaceLock, StartFailure> NamespaceLock::take(const std::filesystem::path& path) {
  constexpr int attempts = 16;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    shm::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (file.get() < 0) return cannot(path, "cannot be opened");
    if (lock_now(file.get()) != 0) {
      if (errno != EWOULDBLOCK) return cannot(path, "cannot be locked");
      return unexpected<StartFailure>{
          {EX_TEMPFAIL,
           fmt::format("this namespace is served already, by {} (it holds {}); stop that one, or choose "
                       "another namespace with --namespace",
                       holder_of(file.get()), path.string())}};
    }
    struct stat held {};
    struct stat named {};
    if (::fstat(file.get(), &held) != 0) return cannot(path, "cannot be looked at");
    if (!S_ISREG(held.st_mode)) {
      errno = EINVAL;
      return cannot(path, "is not a file");
    }
    if (::lstat(path.c_str(), &named) != 0 || held.st_ino != named.st_ino || held.st_dev != named.st_dev)
      continue;
    const std::string pid = fmt::format("{}\n", ::getpid());
    if (::fchmod(file.get(), 0600) != 0 || ::ftruncate(file.get(), 0) != 0 ||
        ::pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
      return cannot(path, "cannot be written");
    }
    std::error_code error;
    std::filesystem::path real_path = std::filesystem::canonical(path, error);
    if (error) {
      errno = error.value();
      return cannot(path, "has no real path");
    }
    return NamespaceLock(std::move(file), std::move(real_path));
  }
  errno = EAGAIN;
  return cannot(path, "is removed again and again");
}

}  // namespace ringside::agentd
