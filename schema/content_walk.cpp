// SPDX-License-Identifier: Apache-2.0
#include "schema/content_walk.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

#include "schema/utf8.hpp"

namespace ringside::schema {
namespace {

using flatbuffers::ElementaryType;
using flatbuffers::Table;
using flatbuffers::TypeTable;

constexpr std::uint8_t no_member = 0;

/// A field on the way from the root to the place that is looked at; the path is only
/// spelt out when it is needed.
struct Step {
  const Step* parent;
  const char* name;
  std::ptrdiff_t index = -1;
};

std::string path_of(const Step& step) {
  std::string path = step.parent ? path_of(*step.parent) + "." : std::string();
  path += step.name;
  if (step.index >= 0) path += "[" + std::to_string(step.index) + "]";
  return path;
}

class ContentWalk {
 public:
  explicit ContentWalk(std::size_t content_max) noexcept : content_left_(content_max) {}

  /// The functions below return false once a fault was found.
  bool table(const Table& table, const TypeTable& type, const Step* parent);

  std::optional<ContentError> fault() && { return std::move(fault_); }

 private:
  bool field(const std::uint8_t* value, flatbuffers::TypeCode code, const TypeTable* type, const Step& step);
  bool vector(const std::uint8_t* value, flatbuffers::TypeCode code, const TypeTable* type, const Step& step);
  bool member(const Table& owner, flatbuffers::voffset_t field, const TypeTable& type, const Step& step);
  bool enumerator(std::int64_t value, const TypeTable& type, const Step& step);
  bool string(const std::uint8_t* value, const Step& step);
  bool charge(std::size_t size, const Step& step);
  bool fail(ContentFault fault, const Step& step, std::string_view what);

  std::size_t content_left_;
  std::optional<ContentError> fault_;
};

template <class Target>
const Target* follow(const std::uint8_t* offset) {
  return reinterpret_cast<const Target*>(offset + flatbuffers::ReadScalar<flatbuffers::uoffset_t>(offset));
}

bool ContentWalk::table(const Table& table, const TypeTable& type, const Step* parent) {
  for (std::size_t i = 0; i < type.num_elems; ++i) {
    const flatbuffers::TypeCode code = type.type_codes[i];
    const auto field_offset = flatbuffers::FieldIndexToOffset(static_cast<flatbuffers::voffset_t>(i));
    const TypeTable* field_type = code.sequence_ref >= 0 ? type.type_refs[code.sequence_ref]() : nullptr;
    const Step step{parent, type.names[i]};
    const bool is_union =
        code.base_type == flatbuffers::ET_SEQUENCE && field_type->st == flatbuffers::ST_UNION;
    if (is_union && !code.is_repeating) {
      if (!member(table, field_offset, *field_type, step)) return false;
    } else if (const std::uint8_t* value = table.GetAddressOf(field_offset)) {
      if (!(code.is_repeating ? vector(value, code, field_type, step)
                              : field(value, code, field_type, step))) {
        return false;
      }
    }
  }
  return true;
}

bool ContentWalk::field(const std::uint8_t* value, flatbuffers::TypeCode code, const TypeTable* type,
                        const Step& step) {
  switch (static_cast<ElementaryType>(code.base_type)) {
    case flatbuffers::ET_STRING:
      return string(follow<std::uint8_t>(value), step);
    case flatbuffers::ET_SEQUENCE:
      return table(*follow<Table>(value), *type, &step);
    case flatbuffers::ET_UCHAR:
      return !type || enumerator(*value, *type, step);
    default:  // a plain number, or the member of a union, which is looked at together with its value
      return true;
  }
}

bool ContentWalk::vector(const std::uint8_t* value, flatbuffers::TypeCode code, const TypeTable* type,
                         const Step& step) {
  const auto* elements = follow<flatbuffers::Vector<std::uint8_t>>(value);
  const std::size_t element_size = flatbuffers::InlineSize(static_cast<ElementaryType>(code.base_type), type);
  if (!charge(elements->size() * element_size, step)) return false;
  const bool plain = code.base_type != flatbuffers::ET_STRING && !type;
  for (std::size_t i = 0; !plain && i < elements->size(); ++i) {
    const Step element{step.parent, step.name, static_cast<std::ptrdiff_t>(i)};
    if (!field(elements->Data() + i * element_size, code, type, element)) return false;
  }
  return true;
}

/// flatc puts the field that names the member right before the field that holds its value.
bool ContentWalk::member(const Table& owner, flatbuffers::voffset_t field, const TypeTable& type,
                         const Step& step) {
  const auto member_field = static_cast<flatbuffers::voffset_t>(field - sizeof(flatbuffers::voffset_t));
  const auto chosen = owner.GetField<std::uint8_t>(member_field, no_member);
  const std::uint8_t* value = owner.GetAddressOf(field);
  if ((chosen == no_member) != (value == nullptr)) {
    return fail(ContentFault::union_mismatch, step,
                value ? "has a value of no type" : "has a type and no value");
  }
  if (!value) return true;
  const std::int64_t index = flatbuffers::LookupEnum(chosen, type.values, type.num_elems);
  if (index < 0 || index >= static_cast<std::int64_t>(type.num_elems)) {
    return fail(ContentFault::unknown_member, step, "is of the unknown type " + std::to_string(chosen));
  }
  const flatbuffers::TypeCode code = type.type_codes[index];
  return table(*follow<Table>(value), *type.type_refs[code.sequence_ref](), &step);
}

bool ContentWalk::enumerator(std::int64_t value, const TypeTable& type, const Step& step) {
  const std::int64_t index = flatbuffers::LookupEnum(value, type.values, type.num_elems);
  if (index >= 0 && index < static_cast<std::int64_t>(type.num_elems)) return true;
  return fail(ContentFault::unknown_enumerator, step, "has the unknown value " + std::to_string(value));
}

bool ContentWalk::string(const std::uint8_t* value, const Step& step) {
  const auto* text = reinterpret_cast<const flatbuffers::String*>(value);
  if (!charge(text->size(), step)) return false;
  return valid_utf8(text->string_view()) || fail(ContentFault::bad_utf8, step, "is not valid UTF-8");
}

bool ContentWalk::charge(std::size_t size, const Step& step) {
  if (size > content_left_) return fail(ContentFault::too_much, step, "refers to the same bytes too often");
  content_left_ -= size;
  return true;
}

bool ContentWalk::fail(ContentFault fault, const Step& step, std::string_view what) {
  fault_ = ContentError{fault, path_of(step).append(" ").append(what)};
  return false;
}

}  // namespace

std::optional<ContentError> find_content_fault(const flatbuffers::Table& table,
                                               const flatbuffers::TypeTable& type, std::size_t content_max) {
  ContentWalk walk(content_max);
  walk.table(table, type, nullptr);
  return std::move(walk).fault();
}

}  // namespace ringside::schema
