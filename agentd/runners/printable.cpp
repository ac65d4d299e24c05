// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/printable.hpp"

#include "schema/utf8.hpp"

namespace ringside::agentd {
namespace {

std::size_t sequence_size(unsigned char lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

/// C0, DEL, C1 and the controls of writing direction.
bool obeyed_by_terminals(std::string_view sequence) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (sequence.size() == 2)
    return (byte(0) == 0xC2 && byte(1) < 0xA0) || (byte(0) == 0xD8 && byte(1) == 0x9C);
  if (sequence.size() != 3 || byte(0) != 0xE2) return false;
  return (byte(1) == 0x80 &&
          ((byte(2) >= 0x8E && byte(2) <= 0x8F) || (byte(2) >= 0xA8 && byte(2) <= 0xAE))) ||
         (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
}

}  // namespace

std::string printable(std::string_view text, std::size_t size_max, bool lines) {
  std::string out;
  while (!text.empty()) {
    std::size_t size = sequence_size(static_cast<unsigned char>(text.front()));
    const bool whole = size != 0 && size <= text.size() && schema::valid_utf8(text.substr(0, size));
    if (!whole) size = 1;
    if (out.size() + size > size_max) {
      out += "...";
      break;
    }
    const std::string_view sequence = text.substr(0, size);
    const bool kept = lines && (sequence == "\n" || sequence == "\t");
    if (whole && (kept || !obeyed_by_terminals(sequence)))
      out += sequence;
    else
      out += '?';
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace ringside::agentd
