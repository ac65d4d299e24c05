// SPDX-License-Identifier: Apache-2.0
//
// Whether a text is JSON, and where it is not: RFC 8259 to the letter, where FlatBuffers' own parser is
// lenient (comments, names without quotes, trailing commas, hexadecimal numbers, NaN).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ringside::schema {

/// Where and why a text is not what it should be. `column` counts bytes from 1; 0 means the text as a whole.
struct JsonError {
  std::string message;
  std::size_t column = 0;
};

/// One member of the outermost object: its name without escapes, its value as it is written.
struct JsonMember {
  std::string_view name;
  std::string_view value;
  std::optional<std::string_view> string;  ///< its value without quotes and escapes, if it is a string
  std::size_t column = 0;                  ///< where the value begins
};

/// Threads: one at a time; it keeps the memory that it works in.
class JsonSyntax {
 public:
  JsonSyntax();
  JsonSyntax(JsonSyntax&&) noexcept;
  JsonSyntax& operator=(JsonSyntax&&) noexcept;
  ~JsonSyntax();

  /// Checks that `text` is one JSON object and nothing else, with values nested at most `depth_max` levels,
  /// the object itself being the first. Tells each member of the outermost object to `on_member`, if there is
  /// one, which may refuse it; the views it is given are valid during its call.
  using OnMember = std::function<std::optional<JsonError>(const JsonMember&)>;
  std::optional<JsonError> check_object(std::string_view text, std::size_t depth_max,
                                        const OnMember& on_member = {});

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace ringside::schema
