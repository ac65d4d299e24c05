// SPDX-License-Identifier: Apache-2.0
//
// Runs models under relacy. A model is a rl::test_suite; its executable's main() is run() over a list of them:
//
//   NAME                        explores the model; exits 0 if no schedule broke it
//   NAME --mutant FILE TEXT HOW the same with one line of the shipped code weakened (mutation.hpp); exits 0 if it broke
//   NAME --must-fail            the same for a build of a rewritten header, or a model of a wrong use
//   ... --trace                 and tells the whole schedule that broke it
#pragma once

#include <cstdint>
#include <iostream>
#include <span>
#include <sstream>
#include <string_view>
#include <type_traits>

#include "tests/model/relacy.hpp"

namespace ringside::model {

struct Verdict {
  rl::test_result_e result;
  std::uint64_t iterations;  // explored, or the one that broke
};

/// relacy's own heap would choose, for each block given back, whether to reuse it: choices that double the schedules
/// and show nothing, since what is checked here is who may touch which bytes when.
inline void use_plain_heap() noexcept {
  struct Reach : rl::context {
    static int rl::context::*switched_off() { return &Reach::disable_alloc_; }
  };
  rl::ctx().*Reach::switched_off() = 1;
}

enum class Search : std::uint8_t { every_schedule, bounded_preemptions, random_schedules };

/// How a model is explored: every schedule that there is; or all with at most `amount` preemptions; or `amount`
/// random ones, of fixed seeds. The first two let a load see the value before the last, the third the two before.
template <Search search, std::uint64_t amount = 0>
struct Exploration {
  template <int threads>
  static auto scheduler() {
    if constexpr (search == Search::every_schedule)
      return std::type_identity<rl::full_search_scheduler<threads>>{};
    else if constexpr (search == Search::bounded_preemptions)
      return std::type_identity<rl::context_bound_scheduler<threads>>{};
    else
      return std::type_identity<rl::random_scheduler<threads>>{};
  }

  template <class Model>
  static Verdict explore(bool trace) {
    using Scheduler = typename decltype(scheduler<Model::params::thread_count>())::type;
    std::ostringstream progress;
    rl::test_params params;
    params.progress_stream = &progress;
    params.search_type = search == Search::every_schedule        ? rl::sched_full
                         : search == Search::bounded_preemptions ? rl::sched_bound
                                                                 : rl::sched_random;
    params.iteration_count = search == Search::random_schedules ? amount : ~std::uint64_t{0};
    params.context_bound = static_cast<unsigned>(amount);
    rl::ostringstream state;
    const rl::test_result_e result = rl::run_test<Model, Scheduler>(params, state, false);
    const Verdict verdict{result, params.stop_iteration};
    if (result != rl::test_result_success && trace) {
      params.initial_state = state.str();
      params.collect_history = true;
      rl::ostringstream ignored;
      rl::run_test<Model, Scheduler>(params, ignored, true);
    }
    return verdict;
  }
  static void describe(std::ostream& out, std::uint64_t iterations) {
    if constexpr (search == Search::every_schedule)
      out << "every schedule, " << iterations;
    else if constexpr (search == Search::bounded_preemptions)
      out << "every schedule of at most " << amount << " preemptions, " << iterations;
    else
      out << iterations << " random schedules";
  }
};

using Every = Exploration<Search::every_schedule>;
template <std::uint64_t preemptions>
using Bounded = Exploration<Search::bounded_preemptions, preemptions>;
template <std::uint64_t schedules>
using Random = Exploration<Search::random_schedules, schedules>;

struct Entry {
  std::string_view name;
  Verdict (*explore)(bool trace);
  void (*describe)(std::ostream& out, std::uint64_t iterations);
};

template <class Model, class How>
constexpr Entry entry(std::string_view name) {
  return {name, &How::template explore<Model>, &How::describe};
}

int run(int argc, char** argv, std::span<const Entry> models);

}  // namespace ringside::model
