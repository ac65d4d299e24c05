// SPDX-License-Identifier: Apache-2.0
//
// Looks at what FlatBuffers' verifier leaves open: whether every union has a member that is known and a
// value, whether every enumerator is known, whether every string is UTF-8. It follows the type tables that
// flatc generates, so a field that is added to the schema is looked at without a change here.
//
// Trust:    requires a table that the verifier has accepted, and nothing beyond that.
// Progress: bounded by the tables that the verifier counted and by `content_max`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <flatbuffers/minireflect.h>

namespace ringside::schema {

enum class ContentFault {
  union_mismatch,      ///< a member without a value, or a value without a member
  unknown_member,      ///< a union member of a later version
  unknown_enumerator,  ///< an enumerator of a later version
  bad_utf8,
  too_much,  ///< references to the same strings or vectors add up to more than `content_max`
};

struct ContentError {
  ContentFault fault;
  std::string message;  ///< begins with the path of the field, such as `payload.deltas[0].text`
};

/// How many bytes of strings and vectors the tables of a buffer of this size may refer to, all references
/// counted. No writer needs more than the size itself, unless it shares equal strings.
constexpr std::size_t content_max(std::size_t buffer_size) noexcept {
  constexpr std::size_t floor = 64 * 1024;
  return buffer_size < floor / 4 ? floor : 4 * buffer_size;
}

/// The first fault found in `table` and in everything that it refers to.
std::optional<ContentError> find_content_fault(const flatbuffers::Table& table,
                                               const flatbuffers::TypeTable& type, std::size_t content_max);

}  // namespace ringside::schema
