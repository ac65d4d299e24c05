// SPDX-License-Identifier: Apache-2.0
#include "schema/event_check.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

#include "schema/content_walk.hpp"
#include "schema/event_kind.hpp"
#include "schema/event_rules.hpp"

namespace ringside::schema {
namespace {

EventFault event_fault_of(ContentFault fault) noexcept {
  switch (fault) {
    case ContentFault::bad_utf8:
      return EventFault::bad_utf8;
    case ContentFault::unknown_member:
    case ContentFault::unknown_enumerator:
      return EventFault::bad_value;
    case ContentFault::union_mismatch:
    case ContentFault::too_much:
      break;
  }
  return EventFault::malformed;
}

unexpected<EventError> refused_event(EventFault fault, std::string message) {
  return unexpected<EventError>(EventError{fault, std::move(message)});
}

/// People know the payload by the name of its kind.
std::string by_kind(std::string message, events::Payload kind) {
  constexpr std::string_view payload = "payload.";
  if (message.starts_with(payload)) message.replace(0, payload.size() - 1, kind_name(kind));
  return message;
}

bool is_verified_within(std::span<const std::byte> bytes, std::size_t levels_max, std::size_t tables_max) {
  flatbuffers::Verifier::Options options;
  options.max_depth = static_cast<flatbuffers::uoffset_t>(levels_max);
  options.max_tables = static_cast<flatbuffers::uoffset_t>(tables_max);
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), options);
  return events::VerifyEventBuffer(verifier);
}

/// Only verified bytes may be asked for their kind: what goes beyond the limits of an event is verified once more.
bool is_verified_event(std::span<const std::byte> bytes) {
  if (is_verified_within(bytes, event_depth_max, event_tables_max)) return true;
  return is_verified_within(bytes, snapshot_depth_max, snapshot_tables_max(bytes.size())) &&
         events::GetEvent(bytes.data())->payload_type() == events::Payload::snapshot;
}

}  // namespace

expected<const events::Event*, EventError> check_event(std::span<const std::byte> bytes) {
  if (bytes.size() >= FLATBUFFERS_MAX_BUFFER_SIZE) {
    return refused_event(EventFault::malformed,
                         "an event of " + std::to_string(bytes.size()) + " bytes is too large");
  }
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % event_alignment != 0) {
    return refused_event(EventFault::malformed, "the event's address is not aligned to 8 bytes");
  }
  if (!is_verified_event(bytes)) {
    return refused_event(EventFault::malformed,
                         "the bytes are not an encoded event, or it is nested too deep or too large");
  }
  const events::Event& event = *events::GetEvent(bytes.data());
  if (event.payload_type() != events::Payload::NONE && kind_name(event.payload_type()).empty()) {
    return refused_event(
        EventFault::unknown_kind,
        "unknown kind of event " + std::to_string(static_cast<unsigned>(event.payload_type())));
  }
  const auto& table = reinterpret_cast<const flatbuffers::Table&>(event);
  if (auto error =
          find_content_fault(table, *events::Event::MiniReflectTypeTable(), content_max(bytes.size()))) {
    return refused_event(event_fault_of(error->fault),
                         by_kind(std::move(error->message), event.payload_type()));
  }
  if (auto broken = broken_rule(event)) return refused_event(EventFault::bad_value, std::move(*broken));
  return &event;
}

expected<EventBuffer, EventError> copy_checked(std::span<const std::byte> bytes) {
  EventBuffer copy = EventBuffer::copy_of(bytes);
  if (auto checked = check_event(copy.bytes()); !checked) {
    return unexpected<EventError>(std::move(checked.error()));
  }
  return copy;
}

}  // namespace ringside::schema
