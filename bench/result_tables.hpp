// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "bench/result_line.hpp"

namespace ringside::bench {

/// The tables of docs/performance.md, in Markdown: one for each bench that the files have results of, and one for each
/// bench and regime in which peers stand beside Ringside. Figures are shown as the lines have them: nothing is computed
/// anew. Of two lines about the same the later one counts.
///
/// A file with a `configuration` in it is one of ringside-peers, and makes tables of peers with all its lines; the others
/// make the tables of ringside-bench.
std::string result_tables(const std::vector<std::vector<ResultLine>>& files);

}  // namespace ringside::bench
