// SPDX-License-Identifier: Apache-2.0
//
// Question: how fast can this core make such messages and copy them into such a ring, when that is all it does? Nobody reads;
// there is no protocol. A message is made where programs make them, in memory of their own, and copied.
#include "bench/copy_limit.hpp"

#include <cstddef>
#include <cstring>
#include <vector>

#include "bench/host.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/payload.hpp"

namespace ringside::bench {
namespace {

/// As many bytes as a ring of default geometry goes round in: its window, and the segment that is free.
constexpr std::size_t window_size = 17 * 65536;
constexpr std::size_t header_size = 24;

}  // namespace

double measure_copy(const BenchOptions& options, std::uint32_t payload_size) {
  pin_to_core(options.writer_core());
  auto* window = static_cast<std::byte*>(map_shared(window_size));
  std::vector<std::byte> payload(payload_size);
  const std::size_t record_size = (header_size + payload_size + 7) / 8 * 8;
  std::size_t offset = 0;
  const std::uint64_t start = now_ns();
  for (std::uint64_t n = 0; n < options.messages; ++n) {
    if (offset + record_size > window_size) offset = 0;
    std::uint64_t header[3] = {n, n, n};
    fill_payload(payload.data(), payload_size, n);
    std::memcpy(window + offset, header, sizeof header);
    std::memcpy(window + offset + sizeof header, payload.data(), payload_size);
    asm volatile(""
                 :
                 : "r"(window)
                 : "memory");  // the copies are the work: they may not be merged or dropped
    offset += record_size;
  }
  const std::uint64_t elapsed = now_ns() - start;
  unmap_shared(window, window_size);
  return static_cast<double>(options.messages) * 1e9 / static_cast<double>(elapsed);
}

}  // namespace ringside::bench
