// SPDX-License-Identifier: Apache-2.0
#include "agentd/namespace_objects.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <sys/mman.h>
#include <sys/random.h>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace ringside::agentd {

namespace {

/// FNV-1a: the same in every build and on every machine, which a standard hash need not be.
std::uint64_t hash_of(const std::string& text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  ssize_t size = 0;
  do {
    size = ::getrandom(&bits, sizeof bits, 0);
  } while (size < 0 && errno == EINTR);
  if (size != sizeof bits) throw std::system_error(errno, std::generic_category(), "getrandom");
  return bits;
}

}  // namespace

NamespaceObjects::NamespaceObjects(const std::filesystem::path& lock_real_path)
    : prefix_(fmt::format("/ringside.{:016x}.", hash_of(lock_real_path.string()))) {}

std::string NamespaceObjects::fresh_name() const {
  return fmt::format("{}{:016x}", prefix_, random_bits());
}

std::size_t NamespaceObjects::sweep() const {
  std::size_t removed = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/dev/shm", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = "/" + entry->path().filename().string();
    if (name.compare(0, prefix_.size(), prefix_) != 0) continue;
    if (::shm_unlink(name.c_str()) == 0) {
      ++removed;
    } else if (errno != ENOENT) {
      spdlog::warn("{}: a shared-memory object with our prefix that we cannot remove: {}", name,
                   std::strerror(errno));
    }
  }
  return removed;
}

}  // namespace ringside::agentd
