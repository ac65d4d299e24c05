// SPDX-License-Identifier: Apache-2.0
#include "agentd/log_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

namespace ringside::agentd {

namespace {

constexpr std::size_t line_size_max = 4096;

/// `<3>` and the like: how a line on standard error tells the journal its priority.
class JournalPriority final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string_view priority = "<6>";
    if (message.level >= spdlog::level::err) {
      priority = "<3>";
    } else if (message.level == spdlog::level::warn) {
      priority = "<4>";
    } else if (message.level <= spdlog::level::debug) {
      priority = "<7>";
    }
    out.append(priority.data(), priority.data() + priority.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return spdlog::details::make_unique<JournalPriority>();
  }
};

/// Names and messages come from anybody: none of them begins a line of its own in the log, or moves a cursor.
void append_visible(spdlog::memory_buf_t& line, std::string_view text) {
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < ' ' || code == 0x7f) {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", code);
    } else {
      line.push_back(byte);
    }
  }
}

}  // namespace

void LogSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  if (lost_ > 0) {
    const std::string said = fmt::format("agentd: {} log lines were lost: nobody read them\n", lost_);
    if (!write_line(said.data(), said.size())) {
      ++lost_;
      return;
    }
    lost_ = 0;
  }
  spdlog::memory_buf_t formatted;
  formatter_->format(message, formatted);
  append_visible(line, std::string_view(formatted.data(), formatted.size() - 1));  // its newline comes last
  line.resize(std::min(line.size(), line_size_max - 1));
  line.push_back('\n');
  if (!write_line(line.data(), line.size())) ++lost_;
}

bool LogSink::write_line(const char* data, std::size_t size) noexcept {
  pollfd ready{descriptor_, POLLOUT, 0};
  if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
  ssize_t written = 0;
  do {
    written = ::write(descriptor_, data, size);
  } while (written < 0 && errno == EINTR);
  return written == static_cast<ssize_t>(size);
}

void log_to_standard_error() {
  auto sink = std::make_shared<LogSink>(STDERR_FILENO);
  auto logger = std::make_shared<spdlog::logger>("agentd", sink);
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (std::getenv("JOURNAL_STREAM") != nullptr) {
    formatter->add_flag<JournalPriority>('*').set_pattern("%*%v");
  } else {
    formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  }
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace ringside::agentd
