// SPDX-License-Identifier: Apache-2.0
#include "arbitrary_value.hpp"

#include <cstdint>

namespace ringside::schema::testing {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  } else {
    byte(0xf0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  }
}

}  // namespace

std::string text() {
  using Code = std::uint32_t;
  static const auto code =
      rc::gen::weightedOneOf<Code>({{6, rc::gen::inRange<Code>(0x20, 0x7f)},
                                    {2, rc::gen::inRange<Code>(0, 0x20)},
                                    {2, rc::gen::element<Code>('"', '\\', '/', 0x7f, 0x2028)},
                                    {2, rc::gen::inRange<Code>(0x80, 0x800)},
                                    {1, rc::gen::inRange<Code>(0x800, 0xd800)},
                                    {1, rc::gen::inRange<Code>(0xe000, 0x10000)},
                                    {2, rc::gen::inRange<Code>(0x10000, 0x110000)}});
  std::string out;
  for (const Code each : *rc::gen::container<std::vector<Code>>(code))
    append_utf8(out, each);
  return out;
}

}  // namespace ringside::schema::testing
