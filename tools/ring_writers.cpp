// SPDX-License-Identifier: Apache-2.0
#include "tools/ring_writers.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace ringside::tools {
namespace {

constexpr std::string_view rings = " /dev/shm/ringside.";

}  // namespace

RingWriters::RingWriters() {
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    pid_t process = 0;
    const auto [last, fault] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (fault == std::errc() && last == name.data() + name.size())
      look_at(process, "/proc/" + name + "/maps");
  }
}

/// A line: `7f0000000000-7f0000001000 rw-s 00000000 00:1a 42    /dev/shm/ringside.0.1`.
void RingWriters::look_at(pid_t process, const std::string& maps) {
  std::ifstream lines(maps);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(rings) == std::string::npos) continue;
    std::istringstream words(line);
    std::string addresses;
    std::string rights;
    std::string offset;
    unsigned major_number = 0;
    unsigned minor_number = 0;
    char colon = 0;
    ino_t inode = 0;
    words >> addresses >> rights >> offset >> std::hex >> major_number >> colon >> minor_number >> std::dec >>
        inode;
    if (words && rights.size() >= 4 && rights[1] == 'w' && rights[3] == 's')
      writers_.emplace(Place{makedev(major_number, minor_number), inode}, process);
  }
}

std::optional<pid_t> RingWriters::writer_of(const std::string& path) const {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return std::nullopt;
  const auto writer = writers_.find({found.st_dev, found.st_ino});
  return writer == writers_.end() ? std::nullopt : std::optional(writer->second);
}

}  // namespace ringside::tools
