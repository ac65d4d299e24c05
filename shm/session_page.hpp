// SPDX-License-Identifier: Apache-2.0
//
// The session page: the only memory that a client can write, and that agentd reads.
//
// Threads   : the accessors from any thread; moving and destroying by one.
// Progress  : no wait and no system call after `create` and `attach`.
// Isolation : one page a client, ever. Sealed against shrinking and growing, so that no client can make agentd die of a
//             SIGBUS; close-on-exec; not inherited by fork (MADV_DONTFORK).
// Ordering  : the page names fields, the protocols over them order: pins (ring_writer.hpp), wake flag (doorbell.hpp).
//             Heartbeat, acknowledged and lost stand alone.
// Crash     : identity, then magic (last): a page without magic is not one. Everything else is one word each.
// Trust     : agentd takes every field by one atomic load into a local, compares it, and never uses it as an
//             index or a length. It never reads the identity back. Scribbling, or punching a hole (everything
//             reads 0), costs the client its own pins and wake-ups. The client believes agentd, after seals,
//             size, magic, version and fingerprint.
// Memory    : 4 KiB, backed when created.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include <boost/interprocess/mapped_region.hpp>

#include "shm/descriptor.hpp"
#include "shm/expected.hpp"
#include "shm/session_page_layout.hpp"

namespace ringside::shm {

enum class SessionPageFault {
  no_memory,      ///< not created or not mapped: errno says why
  not_sealed,     ///< attach: may be shrunk under us, or is no memfd at all
  wrong_size,     ///< attach: not exactly one page
  not_a_page,     ///< attach: no magic, or an identity that makes no sense
  wrong_version,  ///< attach: another build's page
};

struct SessionPageError {
  SessionPageFault fault;
  int error_number = 0;  ///< errno, 0 where none applies
};

std::string_view describe(SessionPageFault fault) noexcept;

class SessionPage {
 public:
  /// A new page, sealed and backed; `slot` chooses the line of the wake flag. agentd's side.
  static expected<SessionPage, SessionPageError> create(std::uint64_t session, std::uint32_t slot) noexcept;

  /// Maps the page that agentd sent. The client's side.
  static expected<SessionPage, SessionPageError> attach(Descriptor page) noexcept;

  /// What agentd sends to the client.
  [[nodiscard]] const Descriptor& descriptor() const noexcept { return descriptor_; }

  [[nodiscard]] std::uint64_t session() const noexcept { return session_; }

  /// 1 while the client sleeps; doorbell.hpp says who stores what.
  [[nodiscard]] std::atomic<std::uint32_t>* wake_flag() const noexcept { return wake_flag_; }

  /// Client: shows that the process runs.
  void beat() noexcept;
  /// agentd: a count that only means something when it changes.
  [[nodiscard]] std::uint64_t heartbeat() const noexcept;

  /// A line that may hold a subscription. Requires of every accessor below: `line` is one.
  static constexpr bool is_subscription_line(std::uint32_t line) noexcept {
    return line >= subscription_line_first && line < subscription_line_first + subscription_line_count;
  }
  /// The first of `session_pins_per_line` words.
  [[nodiscard]] std::atomic<std::uint64_t>* pins(std::uint32_t line) const noexcept;
  [[nodiscard]] std::atomic<std::uint64_t>* acknowledged(std::uint32_t line) const noexcept;
  [[nodiscard]] std::atomic<std::uint64_t>* lost(std::uint32_t line) const noexcept;
  [[nodiscard]] std::atomic<std::uint64_t>* evicted(std::uint32_t line) const noexcept;

  /// agentd: clears a line before it is granted. Requires that nobody reads or writes through it: never
  /// granted, or given back by its client.
  void clear_line(std::uint32_t line) noexcept;

 private:
  SessionPage(Descriptor descriptor, boost::interprocess::mapped_region region, std::uint64_t session,
              std::uint32_t wake_line) noexcept;

  [[nodiscard]] SessionPageLayout& layout() const noexcept;
  [[nodiscard]] SubscriptionLine& subscription(std::uint32_t line) const noexcept;

  Descriptor descriptor_;
  boost::interprocess::mapped_region region_;
  std::uint64_t session_;
  std::atomic<std::uint32_t>* wake_flag_;
};

}  // namespace ringside::shm
