// SPDX-License-Identifier: Apache-2.0
//
// ringside-bench: the process benches, each framed by the raw limits of the machine it runs on.
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bench/bench_options.hpp"
#include "bench/host.hpp"
#include "bench/process_benches.hpp"
#include "bench/result.hpp"
#include "bench/result_line.hpp"
#include "bench/result_tables.hpp"

namespace {

using namespace ringside::bench;

int run(const BenchOptions& options) {
  std::ofstream json;
  if (!options.json_path.empty()) {
    json.open(options.json_path, std::ios::trunc);
    if (!json) {
      fmt::print(stderr, "ringside-bench: cannot write {}: is its folder there, and may you write to it?\n",
                 options.json_path);
      return 73;
    }
  }
  bool whole = true;
  const ResultSink sink = [&](const Result& result) {
    fmt::print("{}\n", to_row(result));
    std::fflush(stdout);
    if (json.is_open()) json << to_json(result) << '\n' << std::flush;
    whole = whole && result.lost == 0 && result.torn == 0;
  };
  if (options.wants("one_to_one_throughput")) one_to_one_throughput(options, sink);
  if (options.wants("one_to_many_throughput")) one_to_many_throughput(options, sink);
  if (options.wants("ping_pong_latency")) ping_pong_latency(options, sink);
  if (options.wants("publish_to_handler_latency")) publish_to_handler_latency(options, sink);
  if (options.wants("one_producer_throughput")) one_producer_throughput(options, sink);
  if (options.wants("eight_producers_throughput")) eight_producers_throughput(options, sink);
  if (options.wants("start_agents")) start_agents(options, sink);
  if (options.wants("writer_cost")) writer_cost(options, sink);
  if (options.wants("wake_latency")) wake_latency(options, sink);
  if (options.wants("attach_latency")) attach_latency(options, sink);
  if (options.wants("presence")) presence_latency(options, sink);
  if (json.is_open() && !json.good()) {
    fmt::print(stderr, "ringside-bench: {} could not be written whole: is the disk full?\n",
               options.json_path);
    return 74;
  }
  if (!whole) fmt::print(stderr, "ringside-bench: events were lost or torn: these figures do not count\n");
  return whole ? 0 : 1;
}

int print_tables(const std::vector<std::string>& paths) {
  std::vector<std::vector<ResultLine>> files;
  for (const std::string& path : paths) {
    auto lines = read_result_file(path);
    if (!lines) {
      fmt::print(stderr, "ringside-bench: {}\n", lines.error());
      return 65;
    }
    files.push_back(std::move(*lines));
  }
  fmt::print("{}", result_tables(files));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  BenchOptions options;
  int exit_code = 0;
  if (!parse_options(argc, argv, options, exit_code)) return exit_code;
  if (!options.tables.empty()) return print_tables(options.tables);
  if (const std::string reason = unfit_to_measure(); !reason.empty()) {
    fmt::print(stderr, "ringside-bench: {}: build the release preset\n", reason);
    return 1;
  }
  fmt::print("{}\n", describe(read_host()));
  try {
    return run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "ringside-bench: {}\n", error.what());
    return 1;
  }
}
