// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <ringside/event.hpp>

#include "shm/ring_record.hpp"

namespace ringside::detail {

/// Makes what the public headers only hand out.
struct EventAccess {
  /// Makes `event` show a record. Requires a payload that `is_readable`.
  static void show(Event& event, const shm::Record& record, std::string_view topic) noexcept {
    event.event_ = flatbuffers::GetRoot<events::Event>(record.payload);
    event.bytes_ = {record.payload, record.size};
    event.topic_ = topic;
    event.sequence_ = record.sequence;
    event.time_ns_ = record.time_ns;
    event.kind_ = static_cast<events::Payload>(record.kind);
  }

  /// The one thing that is looked at without a verifier: whether the root lies in the record.
  static bool is_readable(const shm::Record& record) noexcept {
    return record.size >= 2 * sizeof(flatbuffers::uoffset_t) &&
           flatbuffers::ReadScalar<flatbuffers::uoffset_t>(record.payload) <=
               record.size - sizeof(flatbuffers::soffset_t);
  }

  /// Defined where a HeldState is (subscription_core.hpp).
  static HeldEvent held(std::unique_ptr<HeldState> state) noexcept;

  /// An event that shows nothing yet.
  class Blank;
};

class EventAccess::Blank {
 public:
  Event event{Event()};
};

}  // namespace ringside::detail
