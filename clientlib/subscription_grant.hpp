// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <ringside/subscription.hpp>

#include "clientlib/session.hpp"
#include "shm/attached_ring.hpp"
#include "shm/ring_record.hpp"

namespace ringside::detail {

/// What agentd granted, checked: the ring is mapped, the line of the page is one, the descriptor is agentd's.
struct SubscriptionGrant {
  std::uint64_t subscription;
  std::uint32_t page_line;  ///< 0: read by copying
  shm::Cursor cursor;
  std::uint64_t missed;  ///< events before the cursor that were asked for and are no longer there
  bool running;
  bool reliable;
  shm::StateWish wish;
  shm::AttachedRing ring;
};

expected<SubscriptionGrant, RequestError> request_subscription(Session& session, const std::string& topic,
                                                               const SubscribeOptions& options);

control::RequestT unsubscribe_request(std::uint64_t subscription);

}  // namespace ringside::detail
