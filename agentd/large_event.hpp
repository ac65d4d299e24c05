// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "schema/event_buffer.hpp"
#include "shm/large_segments.hpp"

namespace ringside::agentd {

/// An event that fits into no segment of the pool. Its bytes lie in a segment of its own already: the writer links it.
/// One that is never published gives the segment back.
struct LargeEvent {
  shm::LargeSegment segment;
  std::uint32_t size;
  std::uint32_t kind;
  schema::Stamp stamp;
};

}  // namespace ringside::agentd
