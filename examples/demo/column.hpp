// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace demo {

/// `text` broken at spaces into lines of at most `width` columns of a terminal; control characters become spaces.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// `text` cut or filled up with spaces to exactly `width` columns.
std::string fit(std::string_view text, std::size_t width);

}  // namespace demo
