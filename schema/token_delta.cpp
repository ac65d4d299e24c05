// SPDX-License-Identifier: Apache-2.0
//
// A FlatBuffer may lay its tables in any order. Here everything of constant size comes first, so that it is one
// constant frame; the two strings follow:
//
//   root, identifier | vtables | Event | LlmDeltas | vector of one | MessageDelta | ContentPart (thinking) | id | text
//
// The frame is made by the compiler from the generated offsets of the fields (`VT_...`). Into its copy go the stamp, the
// part's index and the distance to the text.
#include "schema/token_delta.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <stdexcept>

namespace ringside::schema {
namespace {

static_assert(std::endian::native == std::endian::little, "a FlatBuffer is little-endian");
static_assert(sizeof(flatbuffers::uoffset_t) == 4 && sizeof(flatbuffers::voffset_t) == 2);

/// A field of a table: its place in the vtable, as generated, and where the table holds it.
struct FieldPlace {
  flatbuffers::voffset_t field;
  flatbuffers::voffset_t offset;
};

/// The first bytes of every delta of one kind of part, and where in them the values go.
template <std::size_t count>
struct Frame {
  static constexpr std::uint32_t size = count;  ///< here the first string begins

  std::array<std::byte, count> bytes{};
  std::uint32_t incarnation = 0;
  std::uint32_t run = 0;
  std::uint32_t part_index = 0;
  std::uint32_t text = 0;  ///< the offset that leads to it
  std::uint32_t end = 0;

  template <class Number>
  constexpr void put(std::uint32_t at, Number value) {
    for (std::uint32_t i = 0; i < sizeof value; ++i)
      bytes.at(at + i) = static_cast<std::byte>(value >> (8 * i));
  }
  /// An offset at `at`, which leads to `target`.
  constexpr void link(std::uint32_t at, std::uint32_t target) { put(at, target - at); }

  /// A vtable for a table of `table_size` bytes; returns where it is. Fields that are not named are absent.
  constexpr std::uint32_t add_vtable(flatbuffers::voffset_t table_size,
                                     std::initializer_list<FieldPlace> fields) {
    const std::uint32_t at = end;
    std::uint32_t size_of_it = 2 * sizeof(flatbuffers::voffset_t);
    for (const FieldPlace each : fields) {
      put(at + each.field, each.offset);
      size_of_it = std::max<std::uint32_t>(size_of_it, each.field + sizeof each.field);
    }
    put(at, static_cast<flatbuffers::voffset_t>(size_of_it));
    put(at + sizeof(flatbuffers::voffset_t), table_size);
    end += size_of_it;
    return at;
  }

  /// A table of `table_size` bytes; returns where it is.
  constexpr std::uint32_t add_table(std::uint32_t vtable, std::uint32_t table_size) {
    const std::uint32_t at = end;
    put(at, at - vtable);
    end += table_size;
    return at;
  }
};

// The tables: every one begins with the distance to its vtable; then its fields, the largest aligned to 8.
constexpr flatbuffers::voffset_t event_payload = 4;
constexpr flatbuffers::voffset_t event_incarnation = 8;
constexpr flatbuffers::voffset_t event_run = 16;
constexpr flatbuffers::voffset_t event_payload_type = 24;
constexpr flatbuffers::voffset_t event_size = 28;
constexpr flatbuffers::voffset_t deltas_vector = 4;
constexpr flatbuffers::voffset_t deltas_size = 8;
constexpr flatbuffers::voffset_t delta_message_id = 4;
constexpr flatbuffers::voffset_t delta_part_index = 8;
constexpr flatbuffers::voffset_t delta_body = 12;  // the text, or the part that holds it
constexpr flatbuffers::voffset_t delta_size = 16;
constexpr flatbuffers::voffset_t part_content = 4;
constexpr flatbuffers::voffset_t part_type = 8;
constexpr flatbuffers::voffset_t part_size = 12;

constexpr std::uint32_t tables_begin = 8;  // behind root and identifier

template <std::size_t count>
consteval Frame<count> make_frame(TokenDelta::Part part) {
  const bool thinking = part == TokenDelta::Part::thinking;
  Frame<count> frame;
  frame.end = tables_begin;
  for (std::uint32_t i = 0; i < flatbuffers::FlatBufferBuilder::kFileIdentifierLength; ++i)
    frame.bytes.at(4 + i) = static_cast<std::byte>("RSE1"[i]);

  const auto event_fields =
      frame.add_vtable(event_size, {{events::Event::VT_INCARNATION, event_incarnation},
                                    {events::Event::VT_RUN, event_run},
                                    {events::Event::VT_PAYLOAD_TYPE, event_payload_type},
                                    {events::Event::VT_PAYLOAD, event_payload}});
  const auto deltas_fields = frame.add_vtable(deltas_size, {{events::LlmDeltas::VT_DELTAS, deltas_vector}});
  const auto delta_fields = frame.add_vtable(
      delta_size,
      {{events::MessageDelta::VT_MESSAGE_ID, delta_message_id},
       {events::MessageDelta::VT_PART_INDEX, delta_part_index},
       {thinking ? events::MessageDelta::VT_CONTENT : events::MessageDelta::VT_TEXT, delta_body}});
  std::uint32_t part_fields = 0;
  if (thinking) {
    part_fields = frame.add_vtable(part_size, {{events::ContentPart::VT_TYPE, part_type},
                                               {events::ContentPart::VT_CONTENT, part_content}});
  }
  while (frame.end % event_alignment != 0)
    ++frame.end;

  const auto event = frame.add_table(event_fields, event_size);
  const auto deltas = frame.add_table(deltas_fields, deltas_size);
  const auto vector = frame.end;
  frame.end += 2 * sizeof(flatbuffers::uoffset_t);
  const auto delta = frame.add_table(delta_fields, delta_size);
  frame.link(0, event);
  frame.link(event + event_payload, deltas);
  frame.put(event + event_payload_type, static_cast<std::uint8_t>(TokenDelta::kind));
  frame.link(deltas + deltas_vector, vector);
  frame.put(vector, std::uint32_t{1});
  frame.link(vector + sizeof(flatbuffers::uoffset_t), delta);
  frame.text = delta + delta_body;
  if (thinking) {
    const auto content = frame.add_table(part_fields, part_size);
    frame.link(delta + delta_body, content);
    frame.put(content + part_type, static_cast<std::uint8_t>(events::ContentType::thinking));
    frame.text = content + part_content;
  }
  frame.link(delta + delta_message_id, count);
  frame.incarnation = event + event_incarnation;
  frame.run = event + event_run;
  frame.part_index = delta + delta_part_index;
  return frame;
}

constexpr std::size_t text_frame_size = 100;
constexpr std::size_t thinking_frame_size = 120;
constexpr auto text_frame = make_frame<text_frame_size>(TokenDelta::Part::text);
constexpr auto thinking_frame = make_frame<thinking_frame_size>(TokenDelta::Part::thinking);
static_assert(text_frame.end == text_frame_size && thinking_frame.end == thinking_frame_size);
static_assert(text_frame.incarnation % event_alignment == 0 &&
              thinking_frame.incarnation % event_alignment == 0);

/// Length, bytes, and a NUL, up to the next multiple of 4.
constexpr std::uint64_t string_space(std::size_t size) noexcept {
  return sizeof(flatbuffers::uoffset_t) + (std::uint64_t{size} + 4) / 4 * 4;
}

template <class Number>
void store(std::byte* to, Number value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

/// Returns the place behind it.
std::byte* store_string(std::byte* to, std::string_view text) noexcept {
  std::byte* const end = to + string_space(text.size());
  store(to, static_cast<std::uint32_t>(text.size()));
  store(end - 4, std::uint32_t{0});  // the NUL and what fills up, before the last bytes of the text
  std::ranges::copy(std::as_bytes(std::span(text)), to + sizeof(flatbuffers::uoffset_t));
  return end;
}

template <std::size_t count>
void encode_in(const Frame<count>& frame, const TokenDelta& delta, std::byte* to) noexcept {
  std::memcpy(to, frame.bytes.data(), count);
  store(to + frame.incarnation, delta.stamp.incarnation);
  store(to + frame.run, delta.stamp.run);
  store(to + frame.part_index, delta.part_index);
  std::byte* const text = store_string(to + count, delta.message_id);
  store(to + frame.text, static_cast<std::uint32_t>(text - (to + frame.text)));
  store_string(text, delta.text);
}

template <class Number>
Number load(const std::byte* from) noexcept {
  Number value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::string_view load_string(const std::byte* from) noexcept {
  const void* const bytes = from + sizeof(flatbuffers::uoffset_t);
  return {static_cast<const char*>(bytes), load<std::uint32_t>(from)};
}

/// Whether an event has that frame, but for the values: the stamp lies together, the index and the offset apart.
template <std::size_t count>
bool has_frame(const Frame<count>& frame, const std::byte* event) noexcept {
  const auto same = [&](std::uint32_t begin, std::uint32_t end) {
    return std::memcmp(event + begin, frame.bytes.data() + begin, end - begin) == 0;
  };
  const std::uint32_t behind_stamp = frame.run + sizeof(std::uint64_t);
  const std::uint32_t behind_index = frame.part_index + sizeof(std::uint32_t);
  return same(0, frame.incarnation) && same(behind_stamp, frame.part_index) &&
         same(behind_index, frame.text) && same(frame.text + sizeof(std::uint32_t), count);
}

template <std::size_t count>
std::optional<TokenDelta> read_in(const Frame<count>& frame, std::span<const std::byte> event,
                                  TokenDelta::Part part) noexcept {
  if (event.size() < count + 2 * string_space(0) || !has_frame(frame, event.data())) return std::nullopt;
  TokenDelta delta{.stamp = {load<std::uint64_t>(event.data() + frame.incarnation),
                             load<std::uint64_t>(event.data() + frame.run)},
                   .message_id = load_string(event.data() + count),
                   .part_index = load<std::uint32_t>(event.data() + frame.part_index),
                   .text = {},
                   .part = part};
  const std::uint64_t text = count + string_space(delta.message_id.size());
  if (load<std::uint32_t>(event.data() + frame.text) != text - frame.text) return std::nullopt;
  delta.text = load_string(event.data() + text);
  return delta;
}

}  // namespace

std::uint64_t TokenDelta::encoded_size() const noexcept {
  const std::size_t frame_size = part == Part::text ? text_frame_size : thinking_frame_size;
  return frame_size + string_space(message_id.size()) + string_space(text.size());
}

void TokenDelta::encode(std::byte* to) const noexcept {
  if (part == Part::text) {
    encode_in(text_frame, *this, to);
  } else {
    encode_in(thinking_frame, *this, to);
  }
}

std::optional<TokenDelta> TokenDelta::read(std::span<const std::byte> event) noexcept {
  if (auto text = read_in(text_frame, event, Part::text)) return text;
  return read_in(thinking_frame, event, Part::thinking);
}

EventBuffer pack(const TokenDelta& delta) {
  const std::uint64_t size = delta.encoded_size();
  if (size >= FLATBUFFERS_MAX_BUFFER_SIZE) throw std::length_error("a delta of 2 GiB or more");
  return EventBuffer::written(size, [&](std::byte* to) { delta.encode(to); });
}

}  // namespace ringside::schema
