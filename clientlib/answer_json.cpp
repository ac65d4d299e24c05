// SPDX-License-Identifier: Apache-2.0
#include "schema/answer_json.hpp"

#include <utility>

#include <ringside/answer_json.hpp>

namespace ringside {

expected<events::AnswerT, JsonError> parse_answer(std::string_view json) {
  auto read = schema::parse_answer(json);
  if (!read) return unexpected<JsonError>(JsonError{std::move(read.error().message), read.error().column});
  return std::move(*read);
}

}  // namespace ringside
