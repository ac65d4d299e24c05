// SPDX-License-Identifier: Apache-2.0
#include "bench/result_line.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <simdjson.h>

#include <fmt/format.h>

namespace ringside::bench {
namespace {

using agentd::expected;
using agentd::unexpected;
namespace dom = simdjson::dom;

struct NumberKey {
  std::string_view name;
  std::optional<double> ResultLine::*member;
};
constexpr std::array<NumberKey, 14> number_keys = {{
    {"msgs_per_s", &ResultLine::msgs_per_s},
    {"p50_ns", &ResultLine::p50_ns},
    {"p99_ns", &ResultLine::p99_ns},
    {"p999_ns", &ResultLine::p999_ns},
    {"cost_ns", &ResultLine::cost_ns},
    {"more_ns_per_reader", &ResultLine::more_ns_per_reader},
    {"agents", &ResultLine::agents},
    {"shared_bytes_per_agent", &ResultLine::shared_bytes_per_agent},
    {"private_bytes_per_agent", &ResultLine::private_bytes_per_agent},
    {"cpu_ns_per_start", &ResultLine::cpu_ns_per_start},
    {"idle_cpu_ns_per_s", &ResultLine::idle_cpu_ns_per_s},
    {"limit", &ResultLine::limit},
    {"ratio", &ResultLine::ratio},
    {"ringside_advantage", &ResultLine::ringside_advantage},
}};

/// The member of that name as `Value`, into `to`; where it is not there `to` stays as it was, if that is allowed.
template <class Value, class To>
std::optional<std::string> take(const dom::object& object, std::string_view key, To& to, bool required) {
  dom::element found;
  if (object.at_key(key).get(found) != simdjson::SUCCESS) {
    if (!required) return std::nullopt;
    return fmt::format("it has no \"{}\": was it written by ringside-bench --json?", key);
  }
  Value value{};
  if (found.get(value) != simdjson::SUCCESS) return fmt::format("its \"{}\" is of another type", key);
  to = value;
  return std::nullopt;
}

}  // namespace

expected<ResultLine, std::string> read_result_line(std::string_view json) {
  dom::parser parser;
  dom::element document;
  dom::object object;
  if (parser.parse(json.data(), json.size()).get(document) != simdjson::SUCCESS ||
      document.get(object) != simdjson::SUCCESS)
    return unexpected<std::string>("it is no JSON object");
  ResultLine line;
  std::optional<std::string> wrong = take<std::string_view>(object, "bench", line.bench, true);
  if (!wrong) wrong = take<std::string_view>(object, "subject", line.subject, true);
  if (!wrong) wrong = take<std::string_view>(object, "regime", line.regime, true);
  if (!wrong) wrong = take<std::uint64_t>(object, "size", line.size, true);
  if (!wrong) wrong = take<std::uint64_t>(object, "readers", line.readers, true);
  if (!wrong) wrong = take<std::string_view>(object, "configuration", line.configuration, false);
  if (!wrong) wrong = take<std::string_view>(object, "waiting", line.waiting, false);
  if (!wrong) wrong = take<bool>(object, "counts", line.counts, false);
  for (const NumberKey& key : number_keys) {
    if (!wrong) wrong = take<double>(object, key.name, line.*key.member, false);
  }
  if (wrong) return unexpected<std::string>(std::move(*wrong));
  return line;
}

expected<std::vector<ResultLine>, std::string> read_result_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file)
    return unexpected<std::string>(
        fmt::format("{}: it cannot be read: {}", path.native(), std::strerror(errno)));
  std::vector<ResultLine> lines;
  std::size_t number = 0;
  for (std::string text; std::getline(file, text);) {
    ++number;
    if (text.empty()) continue;
    auto line = read_result_line(text);
    if (!line) return unexpected<std::string>(fmt::format("{}:{}: {}", path.native(), number, line.error()));
    lines.push_back(std::move(*line));
  }
  return lines;
}

}  // namespace ringside::bench
