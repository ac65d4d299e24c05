// SPDX-License-Identifier: Apache-2.0
#include "schema/event_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>
#include <vector>

#include <flatbuffers/idl.h>
#include <flatbuffers/util.h>

#include "events_bfbs_generated.h"
#include "schema/event_check.hpp"
#include "schema/event_kind.hpp"
#include "schema/topic_name.hpp"

namespace ringside::schema {
namespace {

constexpr std::size_t quoted_size_max = 80;
constexpr std::size_t refused_size_max = 64 * 1024;

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

/// Escapes the control characters (C0, DEL, C1) of printed JSON from `begin` on: FlatBuffers writes those
/// that have no short escape as they are. Outside of strings there are none.
void escape_controls(std::string& json, std::size_t begin) {
  const auto is_control = [&json](std::size_t at) {
    const auto byte = static_cast<unsigned char>(json[at]);
    if (byte < 0x20 || byte == 0x7f) return true;
    return byte == 0xc2 && at + 1 < json.size() && static_cast<unsigned char>(json[at + 1]) < 0xa0;
  };
  std::size_t at = begin;
  while (at < json.size() && !is_control(at))
    ++at;
  if (at == json.size()) return;
  const std::string tail = json.substr(at);
  json.resize(at);
  for (std::size_t i = 0; i < tail.size(); ++i) {
    constexpr std::string_view hex = "0123456789abcdef";
    const std::size_t written = json.size();
    json += tail[i];
    if (static_cast<unsigned char>(tail[i]) == 0xc2 && i + 1 < tail.size()) json += tail[++i];
    if (!is_control(written)) continue;
    const auto code = static_cast<unsigned char>(json.back());
    json.resize(written);
    json.append("\\u00").append(1, hex[code >> 4]).append(1, hex[code & 0xf]);
  }
}

void append_string(std::string& out, std::string_view text) {
  const std::size_t begin = out.size();
  constexpr bool allow_non_utf8 = false;
  constexpr bool natural_utf8 = true;
  if (!flatbuffers::EscapeString(text.data(), text.size(), &out, allow_non_utf8, natural_utf8)) {
    out.resize(begin);
    out.append("null");
  }
  escape_controls(out, begin);
}

/// A name out of the input, fit to stand in a message.
std::string quoted(std::string_view text) {
  std::string out;
  std::size_t size = std::min(text.size(), quoted_size_max);
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80)
    --size;
  append_string(out, text.substr(0, size));
  if (size < text.size()) out.append("...");
  return out;
}

flatbuffers::IDLOptions json_options() {
  flatbuffers::IDLOptions options;
  options.strict_json = true;
  options.indent_step = -1;
  options.natural_utf8 = true;
  options.output_default_scalars_in_json = true;
  return options;
}

template <class Number>
std::optional<JsonError> read_number(const JsonMember& member, std::optional<Number>& number) {
  Number found = 0;
  const char* const end = member.value.data() + member.value.size();
  const auto read = std::from_chars(member.value.data(), end, found);
  if (read.ec != std::errc() || read.ptr != end) {
    return JsonError{quoted(member.name) + " must be a whole number of 64 bits", member.column};
  }
  number = found;
  return std::nullopt;
}

/// The members of a line, as far as they were read.
struct Members {
  std::optional<std::uint64_t> seq;
  std::optional<std::int64_t> time_ns;
  std::optional<std::string> topic;
  std::optional<std::uint64_t> incarnation;
  std::optional<std::uint64_t> run;
  std::optional<events::Payload> kind;
  std::optional<std::string> event;
  std::size_t kind_column = 0;
  std::size_t event_column = 0;

  std::optional<JsonError> take(const JsonMember& member);

 private:
  std::optional<JsonError> take_topic(const JsonMember& member);
  std::optional<JsonError> take_kind(const JsonMember& member);
  std::optional<JsonError> take_event(const JsonMember& member);
  std::vector<std::string> seen_;
};

std::optional<JsonError> Members::take(const JsonMember& member) {
  for (const std::string& name : seen_) {
    if (name == member.name) return JsonError{quoted(member.name) + " is given twice", member.column};
  }
  seen_.emplace_back(member.name);
  if (member.name == "seq") return read_number(member, seq);
  if (member.name == "time_ns") return read_number(member, time_ns);
  if (member.name == "topic") return take_topic(member);
  if (member.name == "incarnation") return read_number(member, incarnation);
  if (member.name == "run") return read_number(member, run);
  if (member.name == "kind") return take_kind(member);
  if (member.name == "event") return take_event(member);
  if (member.name == "gap") return JsonError{"a gap is not an event", member.column};
  return JsonError{"unknown key " + quoted(member.name), member.column};
}

std::optional<JsonError> Members::take_topic(const JsonMember& member) {
  if (!member.string || !valid_topic_name(*member.string)) {
    return JsonError{"\"topic\" must be a string of 1 to 200 bytes without NUL", member.column};
  }
  topic = *member.string;
  return std::nullopt;
}

std::optional<JsonError> Members::take_kind(const JsonMember& member) {
  if (!member.string) return JsonError{"\"kind\" must be a string", member.column};
  kind = kind_from_name(*member.string);
  kind_column = member.column;
  if (!kind) return JsonError{"unknown kind " + quoted(*member.string), member.column};
  return std::nullopt;
}

std::optional<JsonError> Members::take_event(const JsonMember& member) {
  if (member.value.front() != '{') return JsonError{"\"event\" must be an object", member.column};
  event = member.value;
  event_column = member.column;
  return std::nullopt;
}

/// FlatBuffers' parser with our schema.
std::unique_ptr<flatbuffers::Parser> make_parser() {
  using events::EventBinarySchema;
  auto parser = std::make_unique<flatbuffers::Parser>(json_options());
  if (!parser->Deserialize(EventBinarySchema::data(), EventBinarySchema::size()) ||
      !parser->SetRootType("ringside.events.Event")) {
    throw std::logic_error("the schema that is embedded in this program cannot be read");
  }
  return parser;
}

}  // namespace

class EventJson::Parser {
 public:
  Parser();

  expected<EventLine, JsonError> parse_line(std::string_view line);
  bool print_payload(std::string& out, const events::Event& event) const;
  bool print_answer(std::string& out, const events::Answer& answer) const;

 private:
  expected<EventBuffer, JsonError> encode(const Members& members);
  unexpected<JsonError> refuse(std::size_t prefix_size, std::size_t event_column);
  JsonError error_of(std::size_t prefix_size, std::size_t event_column) const;

  JsonSyntax syntax_;
  std::unique_ptr<flatbuffers::Parser> parser_;
  std::size_t refused_size_ = 0;          ///< of the lines that `parser_` has refused
  std::vector<std::string> table_names_;  ///< of the payloads, by kind
  std::string wrapped_;
};

EventJson::Parser::Parser() : parser_(make_parser()) {
  const flatbuffers::EnumDef* kinds = parser_->enums_.Lookup("ringside.events.Payload");
  for (const events::Payload kind : events::EnumValuesPayload()) {
    const flatbuffers::EnumVal* member = kinds->ReverseLookup(static_cast<std::int64_t>(kind));
    const flatbuffers::StructDef* table = member ? member->union_type.struct_def : nullptr;
    table_names_.push_back(table ? table->defined_namespace->GetFullyQualifiedName(table->name)
                                 : std::string());
  }
}

expected<EventLine, JsonError> EventJson::Parser::parse_line(std::string_view line) {
  if (line.size() > json_line_size_max) {
    return unexpected<JsonError>(JsonError{"the line has " + std::to_string(line.size()) +
                                           " bytes; at most " + std::to_string(json_line_size_max) +
                                           " are allowed"});
  }
  Members members;
  const auto take = [&members](const JsonMember& member) { return members.take(member); };
  if (auto error = syntax_.check_object(line, json_depth_max, take)) {
    return unexpected<JsonError>(std::move(*error));
  }
  if (!members.kind) return unexpected<JsonError>(JsonError{"\"kind\" is missing"});
  if (!members.event) return unexpected<JsonError>(JsonError{"\"event\" is missing"});
  auto event = encode(members);
  if (!event) return unexpected<JsonError>(std::move(event.error()));
  return EventLine{members.seq,
                   members.time_ns,
                   std::move(members.topic),
                   members.incarnation.value_or(0),
                   members.run.value_or(0),
                   members.kind_column,
                   std::move(*event)};
}

/// Makes one object of Event out of the members, the type of the payload before the
/// payload, and has it parsed.
expected<EventBuffer, JsonError> EventJson::Parser::encode(const Members& members) {
  wrapped_.assign("{\"incarnation\":");
  append_number(wrapped_, members.incarnation.value_or(0));
  wrapped_.append(",\"run\":");
  append_number(wrapped_, members.run.value_or(0));
  wrapped_.append(",\"payload_type\":\"").append(kind_name(*members.kind)).append("\",\"payload\":");
  const std::size_t prefix_size = wrapped_.size();
  wrapped_.append(*members.event).append("}");
  if (!parser_->ParseJson(wrapped_.c_str())) return refuse(prefix_size, members.event_column);
  auto event = copy_checked(std::as_bytes(parser_->builder_.GetBufferSpan()));
  if (!event) return unexpected<JsonError>(JsonError{std::move(event.error().message), members.event_column});
  return std::move(*event);
}

/// The parser keeps what it had read of a line that it then refused, up to a hundred times its size, so it
/// is made anew now and then.
unexpected<JsonError> EventJson::Parser::refuse(std::size_t prefix_size, std::size_t event_column) {
  auto error = unexpected<JsonError>(error_of(prefix_size, event_column));
  refused_size_ += wrapped_.size();
  if (refused_size_ > refused_size_max) {
    parser_ = make_parser();
    refused_size_ = 0;
  }
  return error;
}

/// FlatBuffers says `LINE: COLUMN: error: WHAT`, of the text that we made.
JsonError EventJson::Parser::error_of(std::size_t prefix_size, std::size_t event_column) const {
  constexpr std::string_view marker = ": error: ";
  const std::string_view told = parser_->error_;
  const std::size_t marked = told.find(marker);
  if (marked == std::string_view::npos) return JsonError{std::string(told), event_column};
  const std::string_view place = told.substr(0, marked);
  std::size_t column = 0;
  if (place.starts_with("1: ")) std::from_chars(place.data() + 3, place.data() + place.size(), column);
  column = column > prefix_size ? column - prefix_size - 1 + event_column : event_column;
  std::string what(told.substr(marked + marker.size()));
  escape_controls(what, 0);
  return JsonError{std::move(what), column};
}

bool EventJson::Parser::print_payload(std::string& out, const events::Event& event) const {
  const auto kind = static_cast<std::size_t>(event.payload_type());
  if (kind_name(event.payload_type()).empty() || !event.payload()) return false;
  return flatbuffers::GenerateTextFromTable(*parser_, event.payload(), table_names_[kind], &out);
}

bool EventJson::Parser::print_answer(std::string& out, const events::Answer& answer) const {
  return flatbuffers::GenerateTextFromTable(*parser_, &answer, "ringside.events.Answer", &out);
}

EventJson::EventJson() : parser_(std::make_unique<Parser>()) {}
EventJson::EventJson(EventJson&&) noexcept = default;
EventJson& EventJson::operator=(EventJson&&) noexcept = default;
EventJson::~EventJson() = default;

expected<EventLine, JsonError> EventJson::parse_line(std::string_view line) {
  return parser_->parse_line(line);
}

void EventJson::print_line(std::string& out, std::uint64_t seq, std::int64_t time_ns, std::string_view topic,
                           const events::Event& event) {
  out.append("{\"seq\":");
  append_number(out, seq);
  out.append(",\"time_ns\":");
  append_number(out, time_ns);
  out.append(",\"topic\":");
  append_string(out, topic);
  out.append(",\"kind\":");
  const std::string_view name = kind_name(event.payload_type());
  if (name.empty()) {
    append_number(out, static_cast<unsigned>(event.payload_type()));
  } else {
    out.append("\"").append(name).append("\"");
  }
  out.append(",\"incarnation\":");
  append_number(out, event.incarnation());
  out.append(",\"run\":");
  append_number(out, event.run());
  out.append(",\"event\":");
  const std::size_t begin = out.size();
  if (parser_->print_payload(out, event)) {
    escape_controls(out, begin);
  } else {
    out.resize(begin);
    out.append("null");
  }
  out.append("}");
}

void EventJson::print_answer(std::string& out, const events::AnswerT& answer) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(events::Answer::Pack(builder, &answer));
  const std::size_t begin = out.size();
  if (parser_->print_answer(out, *flatbuffers::GetRoot<events::Answer>(builder.GetBufferPointer()))) {
    escape_controls(out, begin);
  } else {
    out.resize(begin);
    out.append("null");
  }
}

void EventJson::print_gap(std::string& out, std::uint64_t first, std::uint64_t count) {
  out.append("{\"gap\":{\"first\":");
  append_number(out, first);
  out.append(",\"count\":");
  append_number(out, count);
  out.append("}}");
}

}  // namespace ringside::schema
