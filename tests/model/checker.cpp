// SPDX-License-Identifier: Apache-2.0
#include "tests/model/checker.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "shm/assert.hpp"
#include "tests/model/mutation.hpp"

namespace ringside::shm {

/// An assertion of the shipped code ends the schedule, as one of the model's would.
void assertion_failed(const char* condition, const char* file, int line) noexcept {
  rl::ctx().fail_test(condition, rl::test_result_user_assert_failed, {"", file, static_cast<unsigned>(line)});
  std::abort();
}

}  // namespace ringside::shm

namespace ringside::model {

namespace {

int explore(const Entry& model, bool must_fail, bool of_a_line, bool trace) {
  const Verdict verdict = model.explore(trace || !must_fail);
  std::cout << model.name << ": ";
  if (verdict.result != rl::test_result_success) {
    std::cout << "broken by schedule " << verdict.iterations << ": " << rl::test_result_str(verdict.result)
              << "\n";
    return must_fail ? 0 : 1;
  }
  model.describe(std::cout, verdict.iterations);
  std::cout << (must_fail ? ": the mutant survived" : ": no fault");
  if (of_a_line && !mutation.reached()) std::cout << ", its line was never reached";
  std::cout << "\n";
  return must_fail ? 1 : 0;
}

}  // namespace

int run(int argc, char** argv, std::span<const Entry> models) try {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto model = std::ranges::find_if(
      models, [&](const Entry& each) { return !words.empty() && each.name == words[0]; });
  if (model == models.end()) {
    std::cerr << "usage: " << argv[0] << " MODEL [--mutant FILE TEXT HOW | --must-fail] [--trace]; models:\n";
    for (const Entry& each : models)
      std::cerr << "  " << each.name << "\n";
    return 2;
  }
  const bool trace = words.back() == "--trace";
  const bool of_a_line = words.size() >= 5 && words[1] == "--mutant";
  if (of_a_line) mutation.set(words[2], words[3], words[4]);
  const bool must_fail = of_a_line || (words.size() >= 2 && words[1] == "--must-fail");
  return explore(*model, must_fail, of_a_line, trace);
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 2;
}

}  // namespace ringside::model
