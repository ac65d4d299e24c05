// SPDX-License-Identifier: Apache-2.0
#include "agentd/config.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

namespace ringside::agentd {

namespace {

constexpr std::array<std::string_view, 6> log_levels{"trace", "debug", "info", "warning", "error", "off"};

/// The first thing that is wrong, in the order of the file's lines.
class Complaint {
 public:
  explicit Complaint(std::string_view path) : path_(path) {}
  void about(const toml::source_region& where, std::string_view what) {
    if (!message_.empty() && where.begin.line >= line_) return;
    line_ = where.begin.line;
    message_ = fmt::format("{}:{}: {}", path_, line_, what);
  }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  std::string path_;
  toml::source_index line_ = std::numeric_limits<toml::source_index>::max();
  std::string message_;
};

/// One table of the file: takes the keys that are asked for, and then complains about those that nobody asked for.
class Section {
 public:
  Section(const toml::table* table, std::string_view name, Complaint& complaint)
      : table_(table), name_(name), complaint_(complaint) {}

  template <class Integer>
  void integer(std::string_view key, Integer& into, std::uint64_t least, std::uint64_t most) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const toml::value<std::int64_t>* number = node->as_integer();
    if (number == nullptr || number->get() < 0 || static_cast<std::uint64_t>(number->get()) < least ||
        static_cast<std::uint64_t>(number->get()) > most) {
      return complaint_.about(node->source(),
                              fmt::format("'{}' is a whole number from {} to {}", full(key), least, most));
    }
    into = static_cast<Integer>(number->get());
  }

  /// The string at `key`; nullptr where there is none.
  const std::string* text(std::string_view key) {
    const toml::node* node = take(key);
    if (node == nullptr) return nullptr;
    if (!node->is_string()) {
      complaint_.about(node->source(), fmt::format("'{}' is a string", full(key)));
      return nullptr;
    }
    return &node->as_string()->get();
  }

  void uids(std::string_view key, std::vector<uid_t>& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const std::string what = fmt::format("'{}' is a list of user ids, such as [1000, 1001]", full(key));
    if (!node->is_array()) return complaint_.about(node->source(), what);
    for (const toml::node& element : *node->as_array()) {
      const toml::value<std::int64_t>* number = element.as_integer();
      if (number == nullptr || number->get() < 0 || number->get() >= std::numeric_limits<uid_t>::max()) {
        return complaint_.about(element.source(), what);
      }
      into.push_back(static_cast<uid_t>(number->get()));
    }
  }

  [[nodiscard]] const toml::table* table(std::string_view key) {
    const toml::node* node = take(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) complaint_.about(node->source(), fmt::format("'{}' is a table: [{}]", key, key));
    return node->as_table();
  }

  void complain(std::string_view key, std::string_view what) {
    complaint_.about(table_->get(key)->source(), what);
  }

  void refuse_the_rest() {
    if (table_ == nullptr) return;
    for (const auto& [key, node] : *table_) {
      if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
      complaint_.about(key.source(),
                       fmt::format("unknown key '{}'; {} has: {}", full(key.str()),
                                   name_.empty() ? "a configuration" : fmt::format("[{}]", name_),
                                   fmt::join(known_, ", ")));
    }
  }

 private:
  const toml::node* take(std::string_view key) {
    known_.push_back(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }
  [[nodiscard]] std::string full(std::string_view key) const {
    return name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
  }

  const toml::table* table_;
  std::string_view name_;
  Complaint& complaint_;
  std::vector<std::string_view> known_;
};

constexpr std::uint64_t day_ms = 24ULL * 60 * 60 * 1000;

void read_top(Section& top, Config& config) {
  if (const std::string* name = top.text("namespace")) {
    if (!valid_namespace_name(*name)) {
      top.complain("namespace", fmt::format("'{}' is no namespace: 1 to 64 letters, digits, '-', '_' or '.', "
                                            "and no '.' in front",
                                            *name));
    }
    config.namespace_name = *name;
  }
  if (const std::string* socket = top.text("socket")) {
    if (socket->empty() || socket->front() != '/') top.complain("socket", "'socket' is an absolute path");
    config.socket = *socket;
  }
  if (const std::string* level = top.text("log_level")) {
    if (std::find(log_levels.begin(), log_levels.end(), *level) == log_levels.end()) {
      top.complain("log_level", fmt::format("'log_level' is one of: {}", fmt::join(log_levels, ", ")));
    }
    config.log_level = *level;
  }
}

/// With its header, and what stands behind it, a page of its own is left of the largest segment.
constexpr std::uint32_t large_event_max = shm::large_segment_size_max - shm::page_size;

std::string geometry_sentence(shm::GeometryFault fault) {
  switch (fault) {
    case shm::GeometryFault::segment_size:
      return fmt::format("'ring.segment_size' is a power of two from {} to {}", shm::segment_size_min,
                         shm::segment_size_max);
    case shm::GeometryFault::window:
      return fmt::format("'ring.window_segments' is a whole number from {} to {}", shm::window_segments_min,
                         shm::window_segments_max);
    case shm::GeometryFault::subscriptions:
      return fmt::format("'ring.subscription_max' is a whole number from 0 to {}", shm::subscription_limit);
    case shm::GeometryFault::pins:
      return fmt::format("'ring.pins_per_subscription' is a whole number from {} to {}", shm::pins_min,
                         shm::pins_max);
    case shm::GeometryFault::reliable:
      return fmt::format("'ring.reliable_segments' is a whole number from 0 to {}",
                         shm::reliable_segments_max);
    case shm::GeometryFault::large:
      return fmt::format(
          "'ring.large_event_max' is a whole number of bytes above 'ring.segment_size', and at most {}",
          large_event_max);
  }
  return "[ring] is not usable";
}

void read_ring(const toml::table* table, Complaint& complaint, shm::RingGeometry& ring) {
  Section section(table, "ring", complaint);
  section.integer("segment_size", ring.segment_size, shm::segment_size_min, shm::segment_size_max);
  section.integer("window_segments", ring.window_segments, shm::window_segments_min,
                  shm::window_segments_max);
  section.integer("subscription_max", ring.subscription_max, 0, shm::subscription_limit);
  section.integer("pins_per_subscription", ring.pins_per_subscription, shm::pins_min, shm::pins_max);
  section.integer("reliable_segments", ring.reliable_segments, 0, shm::reliable_segments_max);
  section.integer("large_segments", ring.large_segments, 0, shm::large_segments_max);
  std::uint32_t event_max = ring.large_segment_size - shm::page_size;
  section.integer("large_event_max", event_max, 0, large_event_max);
  ring.large_segment_size = ring.large_segments == 0 ? 0 : shm::large_segment_size_for(event_max);
  section.refuse_the_rest();
  if (table == nullptr || !complaint.message().empty()) return;
  if (const std::optional<shm::GeometryFault> fault = shm::fault_of(ring)) {
    complaint.about(table->source(), geometry_sentence(*fault));
  }
}

void read_agent(const toml::table* table, Complaint& complaint, AgentDefaults& agent) {
  Section section(table, "agent", complaint);
  section.integer("grace_period_ms", agent.grace_period_ms, 0, day_ms);
  section.integer("inactivity_ms", agent.inactivity_ms, 0, 365 * day_ms);
  section.integer("stop_timeout_ms", agent.stop_timeout_ms, 0, day_ms);
  section.refuse_the_rest();
}

void read_limits(const toml::table* table, Complaint& complaint, Limits& limits) {
  constexpr std::uint64_t most = 1U << 20U;
  Section section(table, "limits", complaint);
  section.integer("sessions_per_uid", limits.sessions_per_uid, 1, most);
  section.integer("subscriptions_per_session", limits.subscriptions_per_session, 1, most);
  section.integer("presences_per_session", limits.presences_per_session, 1, most);
  section.integer("agents", limits.agents, 1, most);
  section.integer("topics", limits.topics, 1, most);
  section.refuse_the_rest();
}

void read_policy(const toml::table* table, Complaint& complaint, Config& config) {
  Section section(table, "policy", complaint);
  section.uids("start_uids", config.start_uids);
  section.refuse_the_rest();
}

}  // namespace

bool valid_namespace_name(std::string_view name) noexcept {
  constexpr std::string_view others = "-_.";
  if (name.empty() || name.size() > 64 || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != others.npos;
  });
}

expected<Config, ConfigError> parse_config(std::string_view text, std::string_view path) {
  toml::table file;
  try {
    file = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return unexpected<ConfigError>{
        {fmt::format("{}:{}: not TOML: {}", path, error.source().begin.line, error.description())}};
  }
  Config config;
  Complaint complaint(path);
  Section top(&file, "", complaint);
  read_top(top, config);
  read_ring(top.table("ring"), complaint, config.ring);
  read_agent(top.table("agent"), complaint, config.agent);
  read_limits(top.table("limits"), complaint, config.limits);
  read_policy(top.table("policy"), complaint, config);
  top.refuse_the_rest();
  if (!complaint.message().empty()) return unexpected<ConfigError>{{complaint.message()}};
  return config;
}

expected<Config, ConfigError> load_config(const std::filesystem::path& path) {
  const auto unreadable = [&](const std::string& why) {
    return unexpected<ConfigError>{{fmt::format("{}: cannot be read: {}", path.string(), why)}};
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return unreadable("it is a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(std::strerror(errno));
  std::ostringstream text;
  text << file.rdbuf();
  return parse_config(text.str(), path.string());
}

}  // namespace ringside::agentd
