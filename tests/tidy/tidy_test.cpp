// SPDX-License-Identifier: Apache-2.0
//
// The rules of the house that a compiler does not check.
#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/tidy/source_tree.hpp"

namespace ringside::tidy {
namespace {

constexpr std::size_t file_lines_max = 400;

const std::vector<SourceFile>& sources() {
  static const std::vector<SourceFile> files = read_sources(RINGSIDE_SOURCE_DIR);
  return files;
}

bool shipped(const SourceFile& file) {
  return file.folder() != "tests" && file.folder() != "bench";
}

std::string at(const SourceFile& file, std::size_t index) {
  return fmt::format("{}:{}", file.path, index + 1);
}

bool is_comment(std::string_view line) {
  const auto first = line.find_first_not_of(' ');
  return first != std::string_view::npos && line.substr(first).starts_with("//");
}

/// The statement's own line, what follows it up to its semicolon, and the comment block directly above it.
std::string with_comments(const SourceFile& file, std::size_t index) {
  std::string text;
  std::size_t above = index;
  while (above > 0 && !is_comment(file.lines[above]) && above + 3 > index)
    --above;
  for (; above > 0 && is_comment(file.lines[above]); --above)
    text += file.lines[above] + '\n';
  for (std::size_t i = above; i < file.lines.size() && i <= index + 3; ++i) {
    text += file.lines[i] + '\n';
    if (i >= index && file.lines[i].find(';') != std::string::npos) break;
  }
  return text;
}

bool names_an_order(const std::string& line) {
  static const std::regex order(R"(memory_order(::|_)(relaxed|consume|acquire|release|acq_rel|seq_cst))");
  return !is_comment(line) && std::regex_search(line, order);
}

TEST(Tidy, EveryFileOpensWithItsLicence) {
  for (const SourceFile& file : sources()) {
    ASSERT_FALSE(file.lines.empty()) << file.path << " is empty";
    EXPECT_EQ(file.lines.front(), "// SPDX-License-Identifier: Apache-2.0") << file.path;
  }
}

TEST(Tidy, EveryHeaderIsGuarded) {
  for (const SourceFile& file : sources()) {
    if (!file.is_header()) continue;
    EXPECT_NE(std::ranges::find(file.lines, "#pragma once"), file.lines.end()) << file.path;
  }
}

TEST(Tidy, ASourceFileIncludesItsOwnHeaderFirst) {
  const std::regex include(R"(^#include [<\"]([^>\"]+)[>\"])");
  std::size_t pairs = 0;
  for (const SourceFile& file : sources()) {
    if (file.is_header()) continue;
    const std::string header = file.path.substr(0, file.path.size() - 3) + "hpp";
    if (std::ranges::find(sources(), header, &SourceFile::path) == sources().end()) continue;
    ++pairs;
    std::smatch match;
    const auto first = std::ranges::find_if(
        file.lines, [&](const std::string& line) { return std::regex_search(line, match, include); });
    ASSERT_NE(first, file.lines.end()) << file.path;
    EXPECT_TRUE(header.ends_with(std::string(match[1]))) << file.path << " begins with " << *first;
  }
  EXPECT_GT(pairs, 30U) << "the pattern no longer finds our includes";
}

TEST(Tidy, TheReadmeShowsWhatTheExampleIs) {
  const std::filesystem::path root(RINGSIDE_SOURCE_DIR);
  const std::string readme = read_text(root / "README.md");
  const std::string example = read_text(root / "examples/watch.cpp");
  const auto begin = readme.find("```cpp\n") + 7;
  const std::string shown = readme.substr(begin, readme.find("```", begin) - begin);
  ASSERT_GT(shown.size(), 200U);
  EXPECT_NE(example.find(shown), std::string::npos) << "README.md and examples/watch.cpp differ";
}

TEST(Tidy, FilesHoldOneConcept) {
  constexpr std::array<std::string_view, 7> vague = {"util",   "utils",   "helper", "helpers",
                                                     "common", "manager", "impl"};
  for (const SourceFile& file : sources()) {
    EXPECT_LE(file.lines.size(), file_lines_max)
        << file.path << " holds more than one concept, or too much of one";
    const std::string stem = std::filesystem::path(file.path).stem().string();
    EXPECT_EQ(std::ranges::find(vague, stem), vague.end()) << file.path << ": name the concept that it holds";
  }
}

TEST(Tidy, FoldersIncludeOnlyWhatTheyMay) {
  const std::map<std::string, std::set<std::string>> allowed = {
      {"schema", {"schema"}},
      {"shm", {"shm"}},
      {"agentd", {"agentd", "shm", "schema"}},
      {"clientlib", {"clientlib", "shm", "schema"}},
      {"tools", {"tools", "clientlib"}},
      {"examples", {"examples", "agentd"}},  // agentd: a program that runs it in itself
      {"bench", {"bench", "schema", "shm", "agentd", "clientlib"}},
      {"tests", {"tests", "schema", "shm", "agentd", "clientlib", "tools", "bench", "examples"}},
  };
  const std::regex include(R"(^\s*#include \"([a-z_]+)/[^\"]*\")");
  std::size_t edges = 0;
  for (const SourceFile& file : sources()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(file.lines[i], match, include)) continue;
      ++edges;
      EXPECT_TRUE(allowed.at(file.folder()).contains(match[1])) << at(file, i) << ": " << file.lines[i];
    }
  }
  EXPECT_GT(edges, 50U) << "the pattern no longer finds our includes";
}

TEST(Tidy, PublicHeadersShowNothingBehindThem) {
  const std::regex include(R"(^\s*#include \")");
  for (const SourceFile& file : sources()) {
    if (!file.path.starts_with("clientlib/include/")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      EXPECT_FALSE(std::regex_search(file.lines[i], include))
          << at(file, i) << ": a user does not have that file";
    }
  }
}

TEST(Tidy, EveryAtomicAccessNamesItsOrder) {
  const std::regex access(
      R"((\.|->)(load|store|exchange|fetch_add|fetch_sub|fetch_or|fetch_and|compare_exchange_\w+)\()");
  for (const SourceFile& file : sources()) {
    if (!shipped(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (is_comment(file.lines[i]) || !std::regex_search(file.lines[i], access)) continue;
      const std::string statement = with_comments(file, i);
      if (statement.find("order") == std::string::npos) ADD_FAILURE() << at(file, i) << ": " << file.lines[i];
    }
  }
}

TEST(Tidy, EveryOrderSaysWhy) {
  const std::regex why(R"(\bE\d+\b|relaxed:)");
  std::size_t orders = 0;
  for (const SourceFile& file : sources()) {
    if (!shipped(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (!names_an_order(file.lines[i])) continue;
      ++orders;
      EXPECT_TRUE(std::regex_search(with_comments(file, i), why))
          << at(file, i) << ": name the edge (E1, E2, ...) or say `relaxed:` and why\n  " << file.lines[i];
    }
  }
  EXPECT_GT(orders, 20U) << "the pattern no longer finds our orders";
}

TEST(Tidy, EveryEdgeHasBothEndsAndAPlaceInTheMemoryModel) {
  const std::regex edge(R"(\bE\d+\b)");
  const std::string model = read_text(std::filesystem::path(RINGSIDE_SOURCE_DIR) / "docs/memory-model.md");
  std::map<std::string, std::size_t> ends;
  for (const SourceFile& file : sources()) {
    if (!shipped(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (!names_an_order(file.lines[i])) continue;
      const std::string text = with_comments(file, i);
      std::set<std::string> named;
      for (std::sregex_iterator it(text.begin(), text.end(), edge), end; it != end; ++it)
        named.insert(it->str());
      for (const std::string& name : named)
        ++ends[name];
    }
  }
  EXPECT_FALSE(ends.empty());
  for (const auto& [name, count] : ends) {
    EXPECT_GE(count, 2U) << name << " has only one end";
    EXPECT_TRUE(std::regex_search(model, std::regex("\\b" + name + "\\b")))
        << name << " is not in docs/memory-model.md";
  }
}

TEST(Tidy, EveryTestThatHoldsARuleExists) {
  const std::regex begins(R"(^(?:TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP)\((\w+),\s*(\w+))");
  std::set<std::string> tests;
  for (const SourceFile& file : sources()) {
    if (file.folder() != "tests") continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      // A long name stands on a line of its own.
      const std::string text = file.lines[i] + (i + 1 < file.lines.size() ? file.lines[i + 1] : "");
      std::smatch found;
      if (std::regex_search(text, found, begins))
        tests.insert(fmt::format("{}.{}", found.str(1), found.str(2)));
    }
  }
  const std::string rules = read_text(std::filesystem::path(RINGSIDE_SOURCE_DIR) / "docs/rules.md");
  const std::regex name(R"(`([A-Z]\w+\.[A-Z]\w+)`)");
  std::size_t named = 0;
  for (std::sregex_iterator it(rules.begin(), rules.end(), name), end; it != end; ++it) {
    ++named;
    EXPECT_TRUE(tests.contains(it->str(1))) << "docs/rules.md names a test that is not there: " << it->str(1);
  }
  EXPECT_GT(named, 0U);
}

TEST(Tidy, NothingIsLeftForLaterInTheCode) {
  // Spelled in two halves, so that this file passes its own test.
  const std::regex mark(
      "\\b(TO"
      "DO|FIX"
      "ME|XX"
      "X|HA"
      "CK)\\b");
  for (const SourceFile& file : sources()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      EXPECT_FALSE(std::regex_search(file.lines[i], mark)) << at(file, i) << ": " << file.lines[i];
    }
  }
}

}  // namespace
}  // namespace ringside::tidy
