// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace ringside::schema {

/// True if the bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing
/// above U+10FFFF. NUL is allowed.
bool valid_utf8(std::string_view text) noexcept;

}  // namespace ringside::schema
