// SPDX-License-Identifier: Apache-2.0
//
// How a ring is shown by `ringside inspect`.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include <ringside/ring_file.hpp>

namespace ringside::tools {

/// A ring that was opened, and what a first read of it came to.
struct InspectedRing {
  std::string path;
  RingFile ring;
  std::optional<pid_t> writer;
  RingReading reading;
};

/// Header, table and end, for people and as one line of JSON.
void append_ring_text(std::string& out, const InspectedRing& inspected);
void append_ring_json(std::string& out, const InspectedRing& inspected);

/// The same for a list of rings: a heading, and one line a ring.
void append_ring_row_heading(std::string& out);
void append_ring_row(std::string& out, const InspectedRing& inspected);
void append_ring_row_json(std::string& out, const InspectedRing& inspected);

/// Where it is and what is wrong there, on one line; as JSON a line of its own.
std::string damage_text(const RingDamage& damage);
void append_damage_json(std::string& out, const RingDamage& damage);

}  // namespace ringside::tools
