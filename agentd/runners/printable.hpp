// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ringside::agentd {

/// Foreign text for a log or an error: cut to `size_max` bytes (and said so), without anything that a
/// terminal would obey. Newlines and tabs are kept where `lines` is asked for.
std::string printable(std::string_view text, std::size_t size_max, bool lines = false);

}  // namespace ringside::agentd
