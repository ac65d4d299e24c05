// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <future>
#include <memory>
#include <string>

#include "agentd/config.hpp"
#include "agentd/expected.hpp"
#include "agentd/refusal.hpp"
#include "agentd/runners/middleware.hpp"
#include "agentd/start_failure.hpp"
#include "agentd/start_options.hpp"
#include "agentd/topic.hpp"

namespace ringside::agentd {

/// agentd, in one object: the namespace's lock, the socket, and what serves it.
///
/// Threads:  `run` by one; `stop`, `open_topic` and `start_agent` by any; `use_middleware` by whoever made it, before `run`.
/// Crash:    a daemon that dies leaves objects in shared memory, a socket and a lock file. The next one of the namespace
///           replaces or removes them all; readers keep what they have mapped.
class Daemon {
 public:
  /// Takes the namespace and listens; from here on clients can connect, and are served as soon as `run` runs.
  [[nodiscard]] static expected<std::unique_ptr<Daemon>, StartFailure> create(Config config);

  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  /// Serves until it is stopped, by `stop` or by SIGTERM, SIGINT or SIGHUP: then every agent is stopped (`manual`), its
  /// last events are published, and this returns. Tells the service manager when it is ready and when it stops.
  void run();

  /// For programs that run agentd in themselves: a topic, made if there is none, that any thread may publish to. It stays for
  /// as long as the daemon does. Any thread may ask; the answer comes while `run` runs.
  [[nodiscard]] std::future<expected<std::shared_ptr<Topic>, Refusal>> open_topic(std::string name);

  /// For such programs too: starts an agent of any runner, their own among them (agentd/runners/in_process_agent.hpp), as a
  /// client does. Threads and answer as with `open_topic`.
  [[nodiscard]] std::future<expected<Started, Refusal>> start_agent(StartOptions options);

  /// And has middleware stand around every agent that starts from here on. To be called before `run`.
  void use_middleware(MiddlewareFactory make);

  /// As the signals do. The second time the runs that are waited for are cut off.
  void stop();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  void wait_for_signals();
  void begin_stop();

  std::unique_ptr<Parts> parts_;
};

}  // namespace ringside::agentd
