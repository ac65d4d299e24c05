// SPDX-License-Identifier: Apache-2.0
#include "shm/ring_identity.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "shm/descriptor.hpp"

namespace ringside::shm {
namespace {

int hex_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

}  // namespace

expected<std::array<std::uint8_t, boot_id_bytes>, int> read_boot_id() {
  const Descriptor file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  if (!file) return unexpected(errno);
  std::array<char, 64> text{};
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return unexpected(errno);
  std::array<std::uint8_t, boot_id_bytes> id{};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(size) && digits < 2 * id.size(); ++i) {
    const int value = hex_value(text[i]);
    if (value < 0) continue;
    id[digits / 2] = static_cast<std::uint8_t>(id[digits / 2] << 4 | value);
    ++digits;
  }
  if (digits != 2 * id.size()) return unexpected(EBADMSG);
  return id;
}

}  // namespace ringside::shm
