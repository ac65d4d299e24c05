// SPDX-License-Identifier: Apache-2.0
#include "shm/session_page.hpp"

#include <cerrno>
#include <cstddef>
#include <new>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/interprocess/exceptions.hpp>

#include "shm/assert.hpp"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U  // Linux 6.3
#endif

namespace ringside::shm {

namespace {

constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

/// What Boost maps: anything with this member.
struct MappableDescriptor {
  int fd;
  [[nodiscard]] boost::interprocess::mapping_handle_t get_mapping_handle() const noexcept {
    return boost::interprocess::ipcdetail::mapping_handle_from_file_handle(fd);
  }
};

Descriptor make_memfd() noexcept {
  constexpr const char* name = "ringside-session";
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  Descriptor made(::memfd_create(name, flags | MFD_NOEXEC_SEAL));
  if (!made && errno == EINVAL) made.reset(::memfd_create(name, flags));  // before Linux 6.3
  return made;
}

bool allocate_page(int fd) noexcept {
  int result = 0;
  do {
    result = ::posix_fallocate(fd, 0, session_page_size);
  } while (result == EINTR);
  errno = result;
  return result == 0;
}

/// The page's mapping, not inherited by fork; empty, with errno, where it cannot be had.
boost::interprocess::mapped_region map_page(int fd) noexcept {
  try {
    boost::interprocess::mapped_region region(MappableDescriptor{fd}, boost::interprocess::read_write, 0,
                                              session_page_size);
    if (::madvise(region.get_address(), region.get_size(), MADV_DONTFORK) == 0) return region;
  } catch (const boost::interprocess::interprocess_exception& failure) {
    errno = failure.get_native_error();
  }
  return {};
}

SessionPageLayout* page_in(const boost::interprocess::mapped_region& region) noexcept {
  return std::launder(static_cast<SessionPageLayout*>(region.get_address()));
}

tl::unexpected<SessionPageError> fail(SessionPageFault fault, int error_number = 0) noexcept {
  return unexpected(SessionPageError{fault, error_number});
}

/// Looks at the file alone: a page that could shrink under us is never mapped.
std::optional<SessionPageFault> fault_of_file(int fd) noexcept {
  const int found = ::fcntl(fd, F_GET_SEALS);
  if (found < 0 || (found & seals) != seals) return SessionPageFault::not_sealed;
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size != session_page_size) {
    return SessionPageFault::wrong_size;
  }
  return std::nullopt;
}

}  // namespace

std::string_view describe(SessionPageFault fault) noexcept {
  switch (fault) {
    case SessionPageFault::no_memory:
      return "the session page could not be made or mapped";
    case SessionPageFault::not_sealed:
      return "the session page is not a sealed memfd";
    case SessionPageFault::wrong_size:
      return "the session page is not 4096 bytes long";
    case SessionPageFault::not_a_page:
      return "the descriptor is not a session page";
    case SessionPageFault::wrong_version:
      return "the session page has another layout";
  }
  return "unknown";
}

SessionPage::SessionPage(Descriptor descriptor, boost::interprocess::mapped_region region,
                         std::uint64_t session, std::uint32_t wake_line) noexcept
    : descriptor_(std::move(descriptor)),
      region_(std::move(region)),
      session_(session),
      wake_flag_(&layout().wake[wake_line - wake_line_first].flag) {}

expected<SessionPage, SessionPageError> SessionPage::create(std::uint64_t session,
                                                            std::uint32_t slot) noexcept {
  Descriptor memfd = make_memfd();
  if (!memfd || !allocate_page(memfd.get())) return fail(SessionPageFault::no_memory, errno);
  if (::fcntl(memfd.get(), F_ADD_SEALS, seals) != 0) return fail(SessionPageFault::no_memory, errno);
  auto region = map_page(memfd.get());
  if (region.get_address() == nullptr) return fail(SessionPageFault::no_memory, errno);

  const std::uint32_t wake_line = wake_line_first + slot % wake_line_count;
  auto* const page = new (region.get_address()) SessionPageLayout{};
  page->identity.layout_version = session_page_version;
  page->identity.wake_line = wake_line;
  page->identity.fingerprint = session_page_fingerprint();
  page->identity.session = session;
  // relaxed: the client gets the page by a message, which orders everything before it.
  page->identity.magic.store(session_page_magic, std::memory_order::relaxed);
  return SessionPage(std::move(memfd), std::move(region), session, wake_line);
}

expected<SessionPage, SessionPageError> SessionPage::attach(Descriptor page) noexcept {
  if (const auto fault = fault_of_file(page.get())) return fail(*fault);
  auto region = map_page(page.get());
  if (region.get_address() == nullptr) return fail(SessionPageFault::no_memory, errno);

  const SessionIdentityLine& identity = page_in(region)->identity;
  // relaxed: the message that brought the page ordered what was stored before it.
  if (identity.magic.load(std::memory_order::relaxed) != session_page_magic) {
    return fail(SessionPageFault::not_a_page);
  }
  if (identity.layout_version != session_page_version || identity.fingerprint != session_page_fingerprint()) {
    return fail(SessionPageFault::wrong_version);
  }
  const std::uint64_t session = identity.session;
  const std::uint32_t wake_line = identity.wake_line;
  if (wake_line < wake_line_first || wake_line >= wake_line_first + wake_line_count) {
    return fail(SessionPageFault::not_a_page);
  }
  return SessionPage(std::move(page), std::move(region), session, wake_line);
}

SessionPageLayout& SessionPage::layout() const noexcept {
  return *page_in(region_);
}

void SessionPage::beat() noexcept {
  // relaxed: it only has to change.
  layout().heartbeat.count.fetch_add(1, std::memory_order::relaxed);
}

std::uint64_t SessionPage::heartbeat() const noexcept {
  // relaxed: it only has to change.
  return layout().heartbeat.count.load(std::memory_order::relaxed);
}

SubscriptionLine& SessionPage::subscription(std::uint32_t line) const noexcept {
  RINGSIDE_ASSERT(is_subscription_line(line));
  return layout().subscriptions[line - subscription_line_first];
}

std::atomic<std::uint64_t>* SessionPage::pins(std::uint32_t line) const noexcept {
  return subscription(line).pins.data();
}

std::atomic<std::uint64_t>* SessionPage::acknowledged(std::uint32_t line) const noexcept {
  return &subscription(line).acknowledged;
}

std::atomic<std::uint64_t>* SessionPage::lost(std::uint32_t line) const noexcept {
  return &subscription(line).lost;
}

std::atomic<std::uint64_t>* SessionPage::evicted(std::uint32_t line) const noexcept {
  return &subscription(line).evicted;
}

void SessionPage::clear_line(std::uint32_t line) noexcept {
  for (std::size_t i = 0; i < session_pins_per_line; ++i) {
    // relaxed: nobody reads or writes through the line now.
    pins(line)[i].store(0, std::memory_order::relaxed);
  }
  for (auto* const word : {acknowledged(line), lost(line), evicted(line)}) {
    // relaxed: as above.
    word->store(0, std::memory_order::relaxed);
  }
}

}  // namespace ringside::shm
