// SPDX-License-Identifier: Apache-2.0
#include "schema/json_syntax.hpp"

#include <algorithm>
#include <utility>

#include <simdjson.h>

#include "schema/utf8.hpp"

namespace ringside::schema {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view words_for(simdjson::error_code code) noexcept {
  switch (code) {
    case simdjson::UTF8_ERROR:
      return "not valid UTF-8";
    case simdjson::UNESCAPED_CHARS:
      return "a control character in a string must be escaped";
    case simdjson::UNCLOSED_STRING:
      return "a string is not closed";
    case simdjson::STRING_ERROR:
      return "not a valid string: an escape is unknown or not complete";
    case simdjson::NUMBER_ERROR:
      return "not a valid number";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
      return "expected true, false or null";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "an object or an array is not closed";
    case simdjson::EMPTY:
      return "the text is empty";
    case simdjson::TRAILING_CONTENT:
      return "something follows the object";
    case simdjson::CAPACITY:
    case simdjson::MEMALLOC:
      return "no memory is left to read it";
    default:
      return "not valid JSON";
  }
}

/// How many bytes a character takes that begins with this one; an impossible beginning takes one.
std::size_t character_size(char first) noexcept {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

std::size_t first_invalid_utf8(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view character = text.substr(at, character_size(text[at]));
    if (!valid_utf8(character)) break;
    at += character.size();
  }
  return at;
}

/// The beginning of the string that is not closed, or the first control character in one.
std::size_t first_string_fault(std::string_view text) noexcept {
  std::size_t opened = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (inside && static_cast<unsigned char>(text[at]) < 0x20) return at;
    if (inside && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      inside = !inside;
      opened = at;
    }
  }
  return opened;
}

}  // namespace

struct JsonSyntax::Scratch {
  ondemand::parser parser;
  std::string padded;

  /// A text that is being checked.
  struct Check {
    std::string_view text;  ///< in `padded`
    std::size_t depth_max;
    ondemand::document document{};
    std::string_view last_string{};  ///< without escapes, valid as long as the document

    std::size_t column_of(const char* place) const noexcept {
      const auto first = text.data();
      return place >= first && place <= first + text.size() ? static_cast<std::size_t>(place - first) + 1 : 0;
    }

    std::size_t here() noexcept {
      const char* place = nullptr;
      if (document.current_location().get(place) != simdjson::SUCCESS) return text.size() + 1;
      return std::min(column_of(place), text.size() + 1);
    }

    JsonError error_at(std::size_t column, simdjson::error_code code) const {
      return JsonError{std::string(words_for(code)), column};
    }

    JsonError error_here(simdjson::error_code code) {
      const std::size_t column = here();
      return error_at(column, column > text.size() ? simdjson::INCOMPLETE_ARRAY_OR_OBJECT : code);
    }

    std::optional<JsonError> value(ondemand::value value, std::size_t depth);
    std::optional<JsonError> array(ondemand::array array, std::size_t depth);
    template <class Object>
    std::optional<JsonError> object(Object object, std::size_t depth, const OnMember& on_member);
    std::optional<JsonError> outermost(const OnMember& on_member);
  };
};

std::optional<JsonError> JsonSyntax::Scratch::Check::value(ondemand::value value, std::size_t depth) {
  const std::size_t column = column_of(value.raw_json_token().data());
  ondemand::json_type type;
  if (const auto code = value.type().get(type)) return error_at(column, code);
  simdjson::error_code code = simdjson::SUCCESS;
  switch (type) {
    case ondemand::json_type::object: {
      if (depth > depth_max) break;
      ondemand::object members;
      if ((code = value.get_object().get(members))) return error_here(code);
      return object(members, depth, {});
    }
    case ondemand::json_type::array: {
      if (depth > depth_max) break;
      ondemand::array elements;
      if ((code = value.get_array().get(elements))) return error_here(code);
      return array(elements, depth);
    }
    case ondemand::json_type::string:
      code = value.get_string().get(last_string);
      return code ? std::optional(error_at(column, code)) : std::nullopt;
    case ondemand::json_type::number:  // as a double, so that an integer of any length is a number
      code = value.get_double().error();
      return code ? std::optional(error_at(column, simdjson::NUMBER_ERROR)) : std::nullopt;
    case ondemand::json_type::boolean:
      code = value.get_bool().error();
      return code ? std::optional(error_at(column, simdjson::T_ATOM_ERROR)) : std::nullopt;
    case ondemand::json_type::null: {
      bool is_null = false;
      code = value.is_null().get(is_null);
      return code || !is_null ? std::optional(error_at(column, simdjson::N_ATOM_ERROR)) : std::nullopt;
    }
  }
  return JsonError{"nested deeper than " + std::to_string(depth_max) + " levels", column};
}

std::optional<JsonError> JsonSyntax::Scratch::Check::array(ondemand::array elements, std::size_t depth) {
  for (auto element : elements) {
    if (element.error()) return error_here(element.error());
    if (auto error = value(element.value_unsafe(), depth + 1)) return error;
  }
  return std::nullopt;
}

template <class Object>
std::optional<JsonError> JsonSyntax::Scratch::Check::object(Object members, std::size_t depth,
                                                            const OnMember& on_member) {
  for (auto member : members) {
    if (member.error()) return error_here(member.error());
    std::string_view name;
    if (const auto code = member.unescaped_key().get(name)) return error_here(code);
    ondemand::value written;
    if (const auto code = member.value().get(written)) return error_here(code);
    const char* begin = written.raw_json_token().data();
    if (auto error = value(written, depth + 1)) return error;
    if (!on_member) continue;
    const char* end = text.data() + here() - 1;
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\n' || end[-1] == '\r'))
      --end;
    JsonMember told{name, {begin, static_cast<std::size_t>(end - begin)}, std::nullopt, column_of(begin)};
    if (*begin == '"') told.string = last_string;
    if (auto error = on_member(told)) return error;
  }
  return std::nullopt;
}

std::optional<JsonError> JsonSyntax::Scratch::Check::outermost(const OnMember& on_member) {
  ondemand::object members;
  const auto code = document.get_object().get(members);
  if (code == simdjson::INCORRECT_TYPE) return JsonError{"not a JSON object", 1};
  if (code) return error_here(code);
  if (auto error = object(members, 1, on_member)) return error;
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return at_end ? std::nullopt : std::optional(error_here(simdjson::TRAILING_CONTENT));
}

JsonSyntax::JsonSyntax() : scratch_(std::make_unique<Scratch>()) {}
JsonSyntax::JsonSyntax(JsonSyntax&&) noexcept = default;
JsonSyntax& JsonSyntax::operator=(JsonSyntax&&) noexcept = default;
JsonSyntax::~JsonSyntax() = default;

std::optional<JsonError> JsonSyntax::check_object(std::string_view text, std::size_t depth_max,
                                                  const OnMember& on_member) {
  std::string& padded = scratch_->padded;
  padded.assign(text);
  padded.append(simdjson::SIMDJSON_PADDING, ' ');
  Scratch::Check check{std::string_view(padded).substr(0, text.size()), depth_max};
  const simdjson::padded_string_view view(padded.data(), text.size(), padded.size());
  const auto code = scratch_->parser.iterate(view).get(check.document);
  if (!code) return check.outermost(on_member);
  std::size_t at = 0;
  if (code == simdjson::UTF8_ERROR) at = first_invalid_utf8(text);
  if (code == simdjson::UNESCAPED_CHARS || code == simdjson::UNCLOSED_STRING) at = first_string_fault(text);
  return check.error_at(code == simdjson::INCOMPLETE_ARRAY_OR_OBJECT ? text.size() + 1 : at + 1, code);
}

}  // namespace ringside::schema
