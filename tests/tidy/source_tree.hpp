// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ringside::tidy {

/// One text file of the repository, read once, by line.
struct SourceFile {
  std::string path;  ///< relative to the root, with '/'
  std::vector<std::string> lines;

  [[nodiscard]] std::string folder() const { return path.substr(0, path.find('/')); }
  [[nodiscard]] bool is_header() const { return path.ends_with(".hpp"); }
};

/// Every C++ file below the folders that hold our code, sorted by path. Build trees are never entered.
std::vector<SourceFile> read_sources(const std::filesystem::path& root);

/// One file as one string; fails the running test when it cannot be read.
std::string read_text(const std::filesystem::path& path);

}  // namespace ringside::tidy
