// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <flatbuffers/flatbuffers.h>

namespace ringside::tools {

/// The bytes of a string of an event, for as long as the event can be read; empty where it has none.
[[nodiscard]] inline std::string_view text_of(const flatbuffers::String* text) {
  return text ? std::string_view(text->c_str(), text->size()) : std::string_view();
}

}  // namespace ringside::tools
