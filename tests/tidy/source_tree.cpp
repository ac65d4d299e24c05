// SPDX-License-Identifier: Apache-2.0
#include "tests/tidy/source_tree.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace ringside::tidy {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.is_open()) << "cannot read " << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<SourceFile> read_sources(const fs::path& root) {
  constexpr std::array folders = {"schema", "shm",   "agentd", "clientlib",
                                  "tools",  "bench", "tests",  "examples"};
  std::vector<SourceFile> found;
  for (const char* folder : folders) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto suffix = entry.path().extension();
      if (!entry.is_regular_file() || (suffix != ".hpp" && suffix != ".cpp")) continue;
      SourceFile file{fs::relative(entry.path(), root).generic_string(), {}};
      std::istringstream text(read_text(entry.path()));
      for (std::string line; std::getline(text, line);)
        file.lines.push_back(line);
      found.push_back(std::move(file));
    }
  }
  std::ranges::sort(found, {}, &SourceFile::path);
  return found;
}

}  // namespace ringside::tidy
