// SPDX-License-Identifier: Apache-2.0
#include "schema/utf8.hpp"

#include <simdjson.h>

namespace ringside::schema {

bool valid_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace ringside::schema
