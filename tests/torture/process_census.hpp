// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace ringside::torture {

/// What a process has of what could leak.
struct Census {
  std::size_t descriptors;
  std::size_t mappings;  // of shared memory; what the allocator maps is not counted
};

[[nodiscard]] inline Census take_census() {
  Census census{};
  const std::filesystem::directory_iterator open("/proc/self/fd");
  census.descriptors = static_cast<std::size_t>(std::distance(begin(open), end(open)));
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("ringside") != std::string::npos && line.find("(deleted)") != std::string::npos)
      ++census.mappings;
  }
  return census;
}

}  // namespace ringside::torture
