// SPDX-License-Identifier: Apache-2.0
#include "schema/token_run.hpp"

#include <cstring>
#include <string_view>

namespace ringside::schema {

void TokenRun::apply(std::span<const std::byte> event) {
  if (join(event)) return;
  finish();
  begin(event);
}

/// A token that has all but its text in common with the run's first has that text in the same place.
bool TokenRun::join(std::span<const std::byte> event) {
  if (head_.empty() || event.size() <= head_.size() ||
      std::memcmp(event.data(), head_.data(), head_.size()) != 0)
    return false;
  const void* const string = event.data() + head_.size();
  const std::string_view text = static_cast<const flatbuffers::String*>(string)->string_view();
  if (text_.size() + text.size() > joined_size_max) return false;
  text_ += text;
  return true;
}

void TokenRun::begin(std::span<const std::byte> event) {
  const auto token = TokenDelta::read(event);
  if (!token || fold_.size() > fold_size_max) return fold_.apply(*events::GetEvent(event.data()));
  of_ = *token;
  text_ = token->text;
  const auto text = std::as_bytes(std::span(token->text));
  head_ = event.first(static_cast<std::size_t>(text.data() - event.data()) - sizeof(flatbuffers::uoffset_t));
}

void TokenRun::finish() {
  if (head_.empty()) return;
  head_ = {};
  of_.text = text_;
  fold_.apply(of_);
}

}  // namespace ringside::schema
