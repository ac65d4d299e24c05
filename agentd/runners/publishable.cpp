// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/publishable.hpp"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "schema/event_check.hpp"
#include "schema/event_kind.hpp"

namespace ringside::agentd {

schema::EventBuffer publishable(schema::Stamp stamp, events::PayloadUnion payload) {
  if (payload.type == events::Payload::NONE) throw std::invalid_argument("an event without a payload");
  if (!schema::is_publishable(payload.type))
    throw std::invalid_argument(
        fmt::format("{} is for agentd alone to say", schema::kind_name(payload.type)));
  auto packed = schema::pack(stamp, std::move(payload));
  if (const auto checked = schema::check_event(packed.bytes()); !checked)
    throw std::invalid_argument(checked.error().message);
  return packed;
}

}  // namespace ringside::agentd
