// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/runners/viewed_stream.hpp"

namespace ringside::agentd {

/// Reads a recording the plain way: every line with simdjson's DOM, every field by its path.
ViewedMessage read_plainly(const std::filesystem::path& file);

/// Chat-completions recordings of real providers beside the repository; empty on a machine without.
std::vector<std::filesystem::path> provider_recordings();

std::string read_file(const std::filesystem::path& file);

/// The recordings that the project ships.
std::filesystem::path sample(const std::string& name);

}  // namespace ringside::agentd
