// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/json_fault.hpp"

namespace ringside::agentd {
namespace {

constexpr int scan_depth_max = 64;

/// Each step leaves `at` behind what it has accepted, or on the byte that is wrong.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<std::size_t> fault() noexcept {
    if (!value(0)) return at_;
    space();
    if (at_ != text_.size()) return at_;
    return std::nullopt;
  }

 private:
  [[nodiscard]] bool at_end() const noexcept { return at_ == text_.size(); }
  [[nodiscard]] char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }
  [[nodiscard]] bool digit() const noexcept { return peek() >= '0' && peek() <= '9'; }

  bool accept(char wanted) noexcept {
    if (at_end() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  void space() noexcept {
    while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r'))
      ++at_;
  }

  bool word(std::string_view wanted) noexcept {
    for (const char c : wanted)
      if (!accept(c)) return false;
    return true;
  }

  bool digits() noexcept {
    if (!digit()) return false;
    while (digit())
      ++at_;
    return true;
  }

  bool number() noexcept {
    accept('-');
    if (!accept('0') && !digits()) return false;
    if (accept('.') && !digits()) return false;
    if (!accept('e') && !accept('E')) return true;
    if (!accept('+')) accept('-');
    return digits();
  }

  bool escape() noexcept {
    if (!accept('u')) {
      constexpr std::string_view single = "\"\\/bfnrt";
      if (at_end() || single.find(peek()) == std::string_view::npos) return false;
      ++at_;
      return true;
    }
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      if (!digit() && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F')) return false;
      ++at_;
    }
    return true;
  }

  bool string() noexcept {
    if (!accept('"')) return false;
    while (!at_end()) {
      if (static_cast<unsigned char>(peek()) < 0x20) return false;
      const char c = text_[at_++];
      if (c == '"') return true;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool member(int depth) noexcept {
    space();
    if (!string()) return false;
    space();
    return accept(':') && value(depth);
  }

  template <class Item>
  bool items(char close, int depth, Item item) noexcept {
    ++at_;
    space();
    if (depth > scan_depth_max) return false;
    if (accept(close)) return true;
    for (;;) {
      if (!item()) return false;
      space();
      if (accept(close)) return true;
      if (!accept(',')) return false;
    }
  }

  bool value(int depth) noexcept {
    space();
    switch (peek()) {
      case '{':
        return items('}', depth, [&] { return member(depth + 1); });
      case '[':
        return items(']', depth, [&] { return value(depth + 1); });
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::size_t> json_fault(std::string_view text) noexcept {
  return Scanner(text).fault();
}

}  // namespace ringside::agentd
