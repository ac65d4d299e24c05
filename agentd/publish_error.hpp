// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ringside::agentd {

/// Why a topic did not take an event. Nothing of it was written.
enum class PublishError {
  too_large,  // it would never fit: larger than a segment
  no_space,   // it would fit later: every segment that could take it is pinned, or memory is short
};

}  // namespace ringside::agentd
