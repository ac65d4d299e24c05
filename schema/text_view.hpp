// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <flatbuffers/string.h>

namespace ringside::schema {

/// An absent string reads as an empty one.
inline std::string_view text_view(const flatbuffers::String* text) noexcept {
  return text == nullptr ? std::string_view{} : std::string_view(text->data(), text->size());
}

}  // namespace ringside::schema
