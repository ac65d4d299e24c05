// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <ringside/stats.hpp>

namespace ringside::tools {

/// `"events":1,"bytes":2,...`, the same for every command that tells counts.
void append_counts_json(std::string& out, const RingCounts& counts);

/// A line for each, its name in front.
void append_counts_text(std::string& out, const RingCounts& counts);

}  // namespace ringside::tools
