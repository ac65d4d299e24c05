// SPDX-License-Identifier: Apache-2.0
#include "tools/line_input.hpp"

#include <cerrno>

#include <unistd.h>

namespace ringside::tools {
namespace {

constexpr std::size_t chunk_size = 64 * 1024;

}  // namespace

bool LineInput::has_line() const noexcept {
  return buffer_.find('\n', begin_) != std::string::npos;
}

bool LineInput::read_more() {
  if (at_end_) return false;
  const std::size_t size = buffer_.size();
  buffer_.resize(size + chunk_size);
  ssize_t got = 0;
  do {
    got = read(fd_, buffer_.data() + size, chunk_size);
  } while (got < 0 && errno == EINTR);
  buffer_.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
  if (got > 0) return true;
  if (got < 0) error_ = errno;
  at_end_ = true;
  return false;
}

bool LineInput::next(InputLine& line) {
  buffer_.erase(0, begin_);
  begin_ = 0;
  std::size_t searched = 0;
  for (;;) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos && end <= line_size_max_) {
      line = {++number_, std::string_view(buffer_).substr(0, end), true};
      begin_ = end + 1;
      return true;
    }
    if (end != std::string::npos || buffer_.size() > line_size_max_) return skip_line(line);
    searched = buffer_.size();
    if (read_more()) continue;
    if (buffer_.empty()) return false;
    line = {++number_, buffer_, true};  // the last line has no newline
    begin_ = buffer_.size();
    return true;
  }
}

/// Passes over a line that is too long; its beginning stays for whoever wants to quote it.
bool LineInput::skip_line(InputLine& line) {
  constexpr std::size_t beginning = 64;
  std::string kept = buffer_.substr(0, beginning);
  std::size_t end = buffer_.find('\n');
  while (end == std::string::npos) {
    buffer_.clear();
    if (!read_more()) break;
    end = buffer_.find('\n');
  }
  buffer_.erase(0, end == std::string::npos ? buffer_.size() : end + 1);
  buffer_.insert(0, kept);
  begin_ = kept.size();
  line = {++number_, std::string_view(buffer_).substr(0, begin_), false};
  return true;
}

}  // namespace ringside::tools
