// SPDX-License-Identifier: Apache-2.0
#include "clientlib/fork_mark.hpp"

#include <cerrno>
#include <cstddef>
#include <new>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace ringside::detail {
namespace {

std::size_t page_size() noexcept {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

expected<ForkMark, int> ForkMark::create() noexcept {
  void* page = ::mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return unexpected(errno);
  if (::madvise(page, page_size(), MADV_WIPEONFORK) != 0) {
    const int error = errno;
    ::munmap(page, page_size());
    return unexpected(error);
  }
  return ForkMark(::new (page) std::atomic<std::uint32_t>(1));
}

ForkMark::ForkMark(ForkMark&& other) noexcept : word_(std::exchange(other.word_, nullptr)) {}

ForkMark::~ForkMark() {
  if (word_ != nullptr) ::munmap(word_, page_size());
}

}  // namespace ringside::detail
