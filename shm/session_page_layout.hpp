// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ringside::shm {

/// The bytes of a session page: 64 cache lines of one sealed memfd, shared by agentd and one client.
///
/// | line  | offset | size | field                | written by | read by |
/// |-------|--------|------|----------------------|------------|---------|
/// | 0     | 0      | 8    | magic (stored last)  | agentd     | client  |
/// | 0     | 8      | 4    | layout_version       | agentd     | client  |
/// | 0     | 12     | 4    | wake_line (1..4)     | agentd     | client  |
/// | 0     | 16     | 8    | fingerprint          | agentd     | client  |
/// | 0     | 24     | 8    | session              | agentd     | client  |
/// | 1..4  | 64..   | 4    | flag: 1 = sleeping   | client; agentd takes it (exchange with 0) | agentd |
/// | 5     | 320    | 8    | heartbeat            | client     | agentd  |
/// | 6..63 | 384..  | 32   | pins                 | client     | agentd  |
/// | 6..63 | +32    | 8    | acknowledged         | client     | agentd  |
/// | 6..63 | +40    | 8    | lost                 | client     | agentd  |
/// | 6..63 | +48    | 8    | evicted              | agentd     | client  |
///
/// One of the four flag lines is used, by slot: the flags of many sessions would share a cache set otherwise.
inline constexpr std::uint64_t session_page_magic = 0x3167'5065'6469'5352;  // "RSidePg1"
inline constexpr std::uint32_t session_page_version = 2;
inline constexpr std::size_t session_page_size = 4096;
inline constexpr std::size_t session_line_size = 64;
inline constexpr std::uint32_t wake_line_first = 1;
inline constexpr std::uint32_t wake_line_count = 4;
inline constexpr std::uint32_t subscription_line_first = 6;
inline constexpr std::uint32_t subscription_line_count = 58;
inline constexpr std::size_t session_pins_per_line = 4;

struct SessionIdentityLine {
  std::atomic<std::uint64_t> magic;
  std::uint32_t layout_version;
  std::uint32_t wake_line;
  std::uint64_t fingerprint;
  std::uint64_t session;
  std::array<std::byte, 32> reserved;
};

struct WakeFlagLine {
  std::atomic<std::uint32_t> flag;
  std::array<std::byte, 60> reserved;
};

struct HeartbeatLine {
  std::atomic<std::uint64_t> count;
  std::array<std::byte, 56> reserved;
};

struct SubscriptionLine {
  std::array<std::atomic<std::uint64_t>, session_pins_per_line> pins;
  std::atomic<std::uint64_t> acknowledged;  // the first sequence that was not consumed
  std::atomic<std::uint64_t> lost;          // events that its gaps have named
  std::atomic<std::uint64_t> evicted;       // 1: it was reliable and is no more
  std::array<std::byte, 8> reserved;
};

struct SessionPageLayout {
  SessionIdentityLine identity;
  std::array<WakeFlagLine, wake_line_count> wake;
  HeartbeatLine heartbeat;
  std::array<SubscriptionLine, subscription_line_count> subscriptions;
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(std::atomic<std::uint64_t>) == 8);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free && sizeof(std::atomic<std::uint32_t>) == 4);
static_assert(sizeof(SessionIdentityLine) == session_line_size);
static_assert(offsetof(SessionIdentityLine, magic) == 0);
static_assert(offsetof(SessionIdentityLine, layout_version) == 8);
static_assert(offsetof(SessionIdentityLine, wake_line) == 12);
static_assert(offsetof(SessionIdentityLine, fingerprint) == 16);
static_assert(offsetof(SessionIdentityLine, session) == 24);
static_assert(sizeof(WakeFlagLine) == session_line_size);
static_assert(sizeof(HeartbeatLine) == session_line_size);
static_assert(sizeof(SubscriptionLine) == session_line_size);
static_assert(offsetof(SubscriptionLine, acknowledged) == 32);
static_assert(offsetof(SubscriptionLine, lost) == 40);
static_assert(offsetof(SubscriptionLine, evicted) == 48);
static_assert(offsetof(SessionPageLayout, wake) == wake_line_first * session_line_size);
static_assert(offsetof(SessionPageLayout, heartbeat) == 5 * session_line_size);
static_assert(offsetof(SessionPageLayout, subscriptions) == subscription_line_first * session_line_size);
static_assert(sizeof(SessionPageLayout) == session_page_size);

/// Two builds whose pages differ anywhere refuse each other.
consteval std::uint64_t session_page_fingerprint() {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const std::uint64_t part :
       {std::uint64_t{sizeof(SessionPageLayout)},
        std::uint64_t{offsetof(SessionIdentityLine, layout_version)},
        std::uint64_t{offsetof(SessionIdentityLine, wake_line)},
        std::uint64_t{offsetof(SessionIdentityLine, fingerprint)},
        std::uint64_t{offsetof(SessionIdentityLine, session)},
        std::uint64_t{offsetof(SessionPageLayout, wake)}, std::uint64_t{sizeof(WakeFlagLine::flag)},
        std::uint64_t{offsetof(SessionPageLayout, heartbeat)},
        std::uint64_t{offsetof(SessionPageLayout, subscriptions)}, std::uint64_t{sizeof(SubscriptionLine)},
        std::uint64_t{offsetof(SubscriptionLine, acknowledged)},
        std::uint64_t{offsetof(SubscriptionLine, lost)}, std::uint64_t{offsetof(SubscriptionLine, evicted)},
        std::uint64_t{session_pins_per_line}, std::uint64_t{wake_line_count},
        std::uint64_t{subscription_line_count}}) {
    hash = (hash ^ part) * 0x0000'0100'0000'01b3;
  }
  return hash;
}

}  // namespace ringside::shm
