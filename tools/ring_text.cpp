// SPDX-License-Identifier: Apache-2.0
#include "tools/ring_text.hpp"

#include <chrono>
#include <cstdint>
#include <iterator>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/ring_counts.hpp"
#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

template <class... Arguments>
void append(std::string& out, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
}

std::string name_in_folder(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string time_text(std::int64_t time_ns) {
  if (time_ns <= 0) return "-";
  const std::time_t seconds = static_cast<std::time_t>(time_ns / 1'000'000'000);
  return fmt::format("{:%F %T}.{:03} UTC", fmt::gmtime(seconds), time_ns / 1'000'000 % 1000);
}

std::string boot_id_text(const std::array<std::uint8_t, 16>& id) {
  return fmt::format("{:02x}", fmt::join(id, ""));
}

std::string writer_text(const InspectedRing& inspected) {
  return inspected.writer ? fmt::format("process {}", *inspected.writer) : "none seen";
}

std::string writer_json(const InspectedRing& inspected) {
  return inspected.writer ? std::to_string(*inspected.writer) : "null";
}

}  // namespace

void append_ring_text(std::string& out, const InspectedRing& inspected) {
  const RingFacts& facts = inspected.ring.facts();
  append(out, "file         {}, {} bytes of at most {}\n", one_line(inspected.path), inspected.ring.size(),
         facts.object_size);
  append(out, "topic        {}\n", one_line(facts.topic));
  append(out, "incarnation  {}\n", facts.incarnation);
  append(out, "boot         {}, {}\n", boot_id_text(facts.boot_id),
         facts.this_boot ? "this one" : "another one");
  append(out,
         "layout       version {}: {} segments of {} bytes to read, {} more for reliable readers, {} in the "
         "pool; {} subscriptions, {} pins each; {} large segments of {} bytes\n",
         facts.layout_version, facts.window_segments, facts.segment_size, facts.reliable_segments,
         facts.pool_segments, facts.subscription_max, facts.pins_per_subscription, facts.large_segments,
         facts.large_segment_size);
  append(out, "writer       {}\n", writer_text(inspected));
  append(out, "next event   {}\n", inspected.reading.next_sequence);
  append(out, "last event   {}\n\n", time_text(inspected.reading.last_time_ns));
  append_counts_text(out, inspected.ring.counts());
  append(out, "\n{:>7}  {:>12}  {:>14}  {:>12}  {:>10}\n", "SEGMENT", "GENERATION", "FIRST EVENT", "OFFSET",
         "BACKED");
  for (const RingSegment& segment : inspected.ring.segments()) {
    append(out, "{:>7}  {:>12}  {:>14}  {:>12}  {:>10}\n", segment.index, segment.generation,
           segment.first_sequence, segment.offset, segment.backed_bytes);
  }
}

void append_ring_json(std::string& out, const InspectedRing& inspected) {
  const RingFacts& facts = inspected.ring.facts();
  out += R"({"ring":{"file":)";
  append_json_string(out, inspected.path);
  append(out, R"(,"size":{},"object_size":{},"topic":)", inspected.ring.size(), facts.object_size);
  append_json_string(out, facts.topic);
  append(out, R"(,"incarnation":{},"boot_id":"{}","this_boot":{},"layout_version":{},"segment_size":{},)",
         facts.incarnation, boot_id_text(facts.boot_id), facts.this_boot, facts.layout_version,
         facts.segment_size);
  append(out, R"("window_segments":{},"subscription_max":{},"pins_per_subscription":{},"pool_segments":{},)",
         facts.window_segments, facts.subscription_max, facts.pins_per_subscription, facts.pool_segments);
  append(out, R"("reliable_segments":{},"large_segments":{},"large_segment_size":{},"counts":{{)",
         facts.reliable_segments, facts.large_segments, facts.large_segment_size);
  append_counts_json(out, inspected.ring.counts());
  out += "},";
  append(out, R"("writer_pid":{},"next_sequence":{},"last_time_ns":{},"segments":[)", writer_json(inspected),
         inspected.reading.next_sequence, inspected.reading.last_time_ns);
  bool first = true;
  for (const RingSegment& segment : inspected.ring.segments()) {
    append(out, R"({}{{"index":{},"generation":{},"first_sequence":{},"offset":{},"backed_bytes":{}}})",
           std::exchange(first, false) ? "" : ",", segment.index, segment.generation, segment.first_sequence,
           segment.offset, segment.backed_bytes);
  }
  out += "]}}\n";
}

void append_ring_row_heading(std::string& out) {
  append(out, "{:42}  {:>14}  {:>10}  {:27}  {}\n", "NAME", "WRITER", "NEXT", "LAST EVENT", "TOPIC");
}

void append_ring_row(std::string& out, const InspectedRing& inspected) {
  append(out, "{:42}  {:>14}  {:>10}  {:27}  {}\n", one_line(name_in_folder(inspected.path)),
         writer_text(inspected), inspected.reading.next_sequence, time_text(inspected.reading.last_time_ns),
         one_line(inspected.ring.facts().topic));
}

void append_ring_row_json(std::string& out, const InspectedRing& inspected) {
  out += R"({"name":)";
  append_json_string(out, name_in_folder(inspected.path));
  out += R"(,"topic":)";
  append_json_string(out, inspected.ring.facts().topic);
  append(
      out,
      R"(,"incarnation":{},"this_boot":{},"writer_pid":{},"next_sequence":{},"last_time_ns":{},"damages":{}}})",
      inspected.ring.facts().incarnation, inspected.ring.facts().this_boot, writer_json(inspected),
      inspected.reading.next_sequence, inspected.reading.last_time_ns, inspected.reading.damages);
  out += '\n';
}

std::string damage_text(const RingDamage& damage) {
  return fmt::format("event {}, segment {}, offset {}: {}", damage.sequence, damage.segment, damage.offset,
                     damage.reason);
}

void append_damage_json(std::string& out, const RingDamage& damage) {
  append(out, R"({{"damage":{{"sequence":{},"segment":{},"offset":{},"reason":)", damage.sequence,
         damage.segment, damage.offset);
  append_json_string(out, damage.reason);
  out += "}}\n";
}

}  // namespace ringside::tools
