// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ringside::agentd {

/// The project's version, as CMakeLists.txt has it.
inline constexpr const char* version = RINGSIDE_VERSION;

}  // namespace ringside::agentd
