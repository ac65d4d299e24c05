// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "schema/event_buffer.hpp"

namespace ringside::agentd {

inline constexpr schema::Stamp first_run{1, 1};

/// The run of an agent that answers with that recording.
std::vector<schema::EventBuffer> recorded_run(const std::filesystem::path& file);

}  // namespace ringside::agentd
