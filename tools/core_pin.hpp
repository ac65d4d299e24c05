// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace ringside::tools {

/// The cores that this process may run on.
std::vector<unsigned> allowed_cores();

/// What is wrong with cores to pin to, or empty: each has to be allowed, and named once.
std::string fault_of_cores(const std::vector<unsigned>& cores);

/// Keeps the calling thread on one core. Requires that it is allowed; a core that was taken away meanwhile changes nothing.
void pin_to_core(unsigned core) noexcept;

}  // namespace ringside::tools
