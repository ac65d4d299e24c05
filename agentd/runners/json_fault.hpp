// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace ringside::agentd {

/// Where a text stops being one JSON value: the first byte that cannot stand there, or its size where the
/// text ends too early. Nothing for a text that is JSON. Only the shape is looked at, not UTF-8 and not the
/// range of numbers. For the words of an error; simdjson, which decides, does not say where.
std::optional<std::size_t> json_fault(std::string_view text) noexcept;

}  // namespace ringside::agentd
