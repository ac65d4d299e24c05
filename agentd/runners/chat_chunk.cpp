// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/chat_chunk.hpp"

#include <simdjson.h>

#include <fmt/format.h>

#include "agentd/runners/json_fault.hpp"
#include "agentd/runners/printable.hpp"

namespace ringside::agentd {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t line_size_max = 1024 * 1024;
constexpr std::size_t chunk_depth_max = 32;
constexpr std::uint64_t tool_call_max = 128;  // an event holds at most 256 tables
constexpr std::size_t usage_extra_max = 128;

constexpr std::string_view what_is_read =
    "what can be read are chat-completions chunks (\"choices\" with a \"delta\", as streamed) and Ringside "
    "event "
    "lines (as `ringside tail --json` prints them)";

using Checked = expected<void, LineFault>;

unexpected<LineFault> fault(std::string message, std::size_t column = 0, bool ends_too_early = false) {
  return unexpected<LineFault>(LineFault{std::move(message), column, ends_too_early});
}

std::optional<dom::element> member(dom::object object, std::string_view key) {
  dom::element found;
  if (object.at_key(key).get(found) != simdjson::SUCCESS || found.is_null()) return std::nullopt;
  return found;
}

std::string_view type_name(dom::element value) {
  switch (value.type()) {
    case dom::element_type::ARRAY:
      return "an array";
    case dom::element_type::OBJECT:
      return "an object";
    case dom::element_type::STRING:
      return "a string";
    case dom::element_type::BOOL:
      return "true or false";
    case dom::element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

std::string keys_of(dom::object object) {
  std::string keys;
  std::size_t count = 0;
  for (const auto& field : object) {
    if (++count > 8) return keys + ", ...";
    keys += fmt::format("{}\"{}\"", keys.empty() ? "" : ", ", printable(field.key, 40));
  }
  return keys.empty() ? "none" : keys;
}

/// Absent and null leave `into` empty.
Checked read_text(dom::object object, std::string_view key, std::string_view path, std::string& into) {
  const auto value = member(object, key);
  if (!value) return {};
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS)
    return fault(
        fmt::format("{}{} is {}, not text; only text can be read there", path, key, type_name(*value)));
  into = text;
  return {};
}

Checked read_tool_call(dom::element element, std::size_t position, ChatToolFragment& call) {
  const std::string path = fmt::format("choices[0].delta.tool_calls[{}].", position);
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS)
    return fault(fmt::format("{} is {}, not an object", path.substr(0, path.size() - 1), type_name(element)));
  std::uint64_t index = position;
  if (const auto given = member(object, "index"); given && given->get(index) != simdjson::SUCCESS)
    return fault(path + "index is not a number of a call");
  if (index >= tool_call_max)
    return fault(fmt::format("{}index is {}; at most {} tool calls a message can be read", path, index,
                             tool_call_max));
  call.index = static_cast<std::uint32_t>(index);
  if (auto read = read_text(object, "id", path, call.call_id); !read) return read;
  const auto function = member(object, "function");
  if (!function) return {};
  dom::object named;
  if (function->get(named) != simdjson::SUCCESS)
    return fault(fmt::format("{}function is {}, not an object", path, type_name(*function)));
  if (auto read = read_text(named, "name", path + "function.", call.name); !read) return read;
  return read_text(named, "arguments", path + "function.", call.arguments);
}

Checked read_delta(dom::object delta, ChatChunk& chunk) {
  constexpr std::string_view path = "choices[0].delta.";
  if (auto read = read_text(delta, "content", path, chunk.text); !read) return read;
  if (auto read = read_text(delta, "reasoning_content", path, chunk.thinking); !read) return read;
  if (chunk.thinking.empty())  // where both are given they say the same
    if (auto read = read_text(delta, "reasoning", path, chunk.thinking); !read) return read;
  if (auto read = read_text(delta, "refusal", path, chunk.refusal); !read) return read;
  if (member(delta, "function_call"))
    return fault("choices[0].delta.function_call is the form before tool calls; record it with \"tools\"");
  const auto calls = member(delta, "tool_calls");
  if (!calls) return {};
  dom::array array;
  if (calls->get(array) != simdjson::SUCCESS)
    return fault(fmt::format("choices[0].delta.tool_calls is {}, not an array", type_name(*calls)));
  std::size_t position = 0;
  for (const dom::element element : array)
    if (auto read = read_tool_call(element, position++, chunk.tool_calls.emplace_back()); !read) return read;
  return {};
}

Checked read_choices(dom::element choices, ChatChunk& chunk) {
  dom::array array;
  if (choices.get(array) != simdjson::SUCCESS)
    return fault(fmt::format("\"choices\" is {}, not an array", type_name(choices)));
  if (array.size() == 0) return {};
  if (array.size() > 1)
    return fault(
        fmt::format("{} choices in one chunk; only one can be replayed: record it with n = 1", array.size()));
  dom::object choice;
  if (array.at(0).get(choice) != simdjson::SUCCESS) return fault("choices[0] is not an object");
  std::int64_t index = 0;
  if (const auto given = member(choice, "index"); given && given->get(index) != simdjson::SUCCESS)
    return fault("choices[0].index is not a number of a choice");
  if (index != 0)
    return fault(fmt::format("choice {} of several; only one can be replayed: record it with n = 1", index));
  if (auto read = read_text(choice, "finish_reason", "choices[0].", chunk.finish_reason); !read) return read;
  const auto delta = member(choice, "delta");
  if (!delta && member(choice, "message"))
    return fault("a whole chat completion, not a stream of one: record it with \"stream\": true");
  if (!delta && member(choice, "text"))
    return fault(fmt::format("a chunk of the older completions API; {}", what_is_read));
  if (!delta && chunk.finish_reason.empty())
    return fault(fmt::format("choices[0] has no \"delta\"; its keys: {}", keys_of(choice)));
  if (!delta) return {};
  dom::object object;
  if (delta->get(object) != simdjson::SUCCESS)
    return fault(fmt::format("choices[0].delta is {}, not an object", type_name(*delta)));
  return read_delta(object, chunk);
}

/// Numbers, words and truth values by their dotted names; nulls say nothing.
void flatten(dom::element value, const std::string& name, ChatUsage& usage) {
  if (usage.extras.size() >= usage_extra_max) return;
  const auto add = [&](std::string text) { usage.extras.emplace_back(name, std::move(text)); };
  const auto below = [&](auto key) {
    return name.empty() ? fmt::format("{}", key) : fmt::format("{}.{}", name, key);
  };
  switch (value.type()) {
    case dom::element_type::OBJECT:
      for (const auto& field : dom::object(value))
        flatten(field.value, below(field.key), usage);
      break;
    case dom::element_type::ARRAY: {
      std::size_t position = 0;
      for (const dom::element item : dom::array(value))
        flatten(item, below(position++), usage);
      break;
    }
    case dom::element_type::UINT64:
      add(fmt::format("{}", std::uint64_t(value)));
      break;
    case dom::element_type::INT64:
      add(fmt::format("{}", std::int64_t(value)));
      break;
    case dom::element_type::DOUBLE:
      add(fmt::format("{}", double(value)));
      break;
    case dom::element_type::BOOL:
      add(bool(value) ? "true" : "false");
      break;
    case dom::element_type::STRING:
      add(std::string(std::string_view(value)));
      break;
    case dom::element_type::NULL_VALUE:
      break;
  }
}

Checked read_usage(dom::object root, ChatChunk& chunk) {
  auto found = member(root, "usage");
  if (!found) {
    dom::object groq;
    if (const auto x_groq = member(root, "x_groq"); x_groq && x_groq->get(groq) == simdjson::SUCCESS)
      found = member(groq, "usage");
  }
  if (!found) return {};
  dom::object object;
  if (found->get(object) != simdjson::SUCCESS)
    return fault(fmt::format("\"usage\" is {}, not an object", type_name(*found)));
  ChatUsage& usage = chunk.usage.emplace();
  for (const auto& field : object) {
    std::uint64_t count = 0;
    const bool counts = field.value.get(count) == simdjson::SUCCESS;
    if (counts && field.key == "prompt_tokens")
      usage.input = count;
    else if (counts && field.key == "completion_tokens")
      usage.output = count;
    else
      flatten(field.value, std::string(field.key), usage);
  }
  return {};
}

events::ErrorT provider_error(dom::element value) {
  events::ErrorT error;
  dom::object object;
  if (value.get(object) == simdjson::SUCCESS) {
    std::string ignored;
    if (!read_text(object, "message", "error.", error.message)) error.message.clear();
    if (!read_text(object, "type", "error.", error.type)) error.type.clear();
    error.detail = simdjson::minify(object);
  } else {
    error.detail = simdjson::minify(value);
  }
  if (error.message.empty()) error.message = "the provider reported an error";
  if (error.type.empty()) error.type = "provider_error";
  return error;
}

/// Why an object without "choices" is none of ours, by the name of what it is where that is known.
unexpected<LineFault> not_a_chunk(dom::object root) {
  std::string type;
  if (!read_text(root, "type", "", type)) type.clear();
  const std::string_view name = type;
  if (name.starts_with("response."))
    return fault(
        fmt::format("an event of the responses API (\"{}\"); {}", printable(type, 60), what_is_read));
  if (name == "ping" || name.starts_with("message_") || name.starts_with("content_block_"))
    return fault(fmt::format("an event of the Anthropic messages API (\"{}\"); {}", printable(type, 60),
                             what_is_read));
  if (member(root, "candidates"))
    return fault(fmt::format("a chunk of the Gemini API (\"candidates\"); {}", what_is_read));
  return fault(fmt::format("not a chat-completions chunk: there is no \"choices\"; its keys: {}; {}",
                           keys_of(root), what_is_read));
}

unexpected<LineFault> not_json(std::string_view json, simdjson::error_code error) {
  const auto wrong = json_fault(json);
  if (!wrong) return fault(fmt::format("not JSON that can be read: {}", simdjson::error_message(error)));
  if (*wrong == json.size()) return fault("the line ends in the middle of a chunk", *wrong + 1, true);
  // One character: a file that is none of ours may be nobody's business to see.
  const std::string found = printable(json.substr(*wrong, 1), 1);
  return fault(fmt::format("not JSON: '{}' cannot stand here", found), *wrong + 1);
}

}  // namespace

class ChatChunkParser::Document {
 public:
  Document() : parser_(line_size_max) {
    if (parser_.allocate(4096, chunk_depth_max) != simdjson::SUCCESS) throw std::bad_alloc();
  }

  dom::parser& parser() noexcept { return parser_; }

 private:
  dom::parser parser_;
};

ChatChunkParser::ChatChunkParser() : document_(std::make_unique<Document>()) {}
ChatChunkParser::ChatChunkParser(ChatChunkParser&&) noexcept = default;
ChatChunkParser& ChatChunkParser::operator=(ChatChunkParser&&) noexcept = default;
ChatChunkParser::~ChatChunkParser() = default;

expected<ChatChunk, LineFault> ChatChunkParser::parse(std::string_view json) {
  if (json.size() > line_size_max)
    return fault(fmt::format("the line has {} bytes; at most {} can be read", json.size(), line_size_max));
  dom::element element;
  if (const auto error = document_->parser().parse(json.data(), json.size()).get(element))
    return not_json(json, error);
  dom::object root;
  if (element.get(root) != simdjson::SUCCESS)
    return fault(fmt::format("not a chat-completions chunk but {}; {}", type_name(element), what_is_read));

  ChatChunk chunk;
  const auto choices = member(root, "choices");
  if (const auto error = member(root, "error"); error && !choices) {
    chunk.error = provider_error(*error);
    return chunk;
  }
  if (!choices && !member(root, "usage")) return not_a_chunk(root);
  if (auto read = read_text(root, "id", "", chunk.id); !read) return unexpected<LineFault>(read.error());
  if (auto read = read_text(root, "model", "", chunk.model); !read)
    return unexpected<LineFault>(read.error());
  if (choices)
    if (auto read = read_choices(*choices, chunk); !read) return unexpected<LineFault>(read.error());
  if (auto read = read_usage(root, chunk); !read) return unexpected<LineFault>(read.error());
  return chunk;
}

}  // namespace ringside::agentd
