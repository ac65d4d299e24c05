// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <ringside/client.hpp>

#include "bench/bench_options.hpp"
#include "bench/measured_child.hpp"
#include "bench/scratch_folder.hpp"

namespace ringside::bench {

/// agentd as its users have it: a process of its own, with a socket and a configuration in a folder of ours. It may use
/// whatever cores the thread that makes it may use.
class AgentdProcess {
 public:
  /// `config`: TOML; logs warnings only. Throws std::exception where it cannot be started.
  AgentdProcess(const BenchOptions& options, const std::string& config);

  /// Waits until it listens; throws std::runtime_error where it ended or refuses.
  [[nodiscard]] Client connect();

  /// An agent that stays idle until it is told something, and never ends of that.
  [[nodiscard]] StartOptions idle_agent() const;

  /// Ends it as its service manager would, and waits for that; throws where it does not end well.
  void stop();

  /// Memory that only it has, bytes.
  [[nodiscard]] std::uint64_t resident_private() const;
  /// What all its threads have run, ns.
  [[nodiscard]] std::uint64_t cpu_ns() const;

 private:
  ScratchFolder folder_;
  std::string socket_;
  std::string config_;
  MeasuredChild process_;
};

}  // namespace ringside::bench
