// SPDX-License-Identifier: Apache-2.0
#include "schema/usage_fold.hpp"

#include <charconv>
#include <limits>
#include <optional>

#include "schema/text_view.hpp"

namespace ringside::schema {
namespace {

std::uint64_t saturating_sum(std::uint64_t left, std::uint64_t right) noexcept {
  constexpr std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  return left > max - right ? max : left + right;
}

std::optional<std::uint64_t> whole_number(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

void UsageFold::add(const events::LlmTokenUsage& usage) {
  calls_ = saturating_sum(calls_, 1);
  input_ = saturating_sum(input_, usage.input().value_or(0));
  output_ = saturating_sum(output_, usage.output().value_or(0));
  if (usage.extras() == nullptr) return;
  for (const events::KeyValue* extra : *usage.extras())
    add_extra(text_view(extra->key()), text_view(extra->value()));
}

void UsageFold::restore(const events::UsageTotals& totals) {
  *this = UsageFold();
  calls_ = totals.calls();
  input_ = totals.input();
  output_ = totals.output();
  if (totals.extras() == nullptr) return;
  for (const events::KeyValue* extra : *totals.extras())
    add_extra(text_view(extra->key()), text_view(extra->value()));
}

void UsageFold::add_extra(std::string_view key, std::string_view value) {
  const auto number = whole_number(value);
  if (!number || key.size() > key_size_max) return;
  auto sum = extras_.find(key);
  if (sum == extras_.end()) {
    if (extras_.size() == extras_max) return;
    sum = extras_.emplace(std::string(key), 0).first;
  }
  sum->second = saturating_sum(sum->second, *number);
}

}  // namespace ringside::schema
