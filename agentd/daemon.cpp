// SPDX-License-Identifier: Apache-2.0
#include "agentd/daemon.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include "agentd/conductor.hpp"
#include "agentd/control_server.hpp"
#include "agentd/namespace_lock.hpp"
#include "agentd/namespace_objects.hpp"
#include "agentd/namespace_place.hpp"
#include "agentd/version.hpp"
#include "shm/channel.hpp"
#include "shm/descriptor.hpp"

namespace ringside::agentd {

namespace {

constexpr int listen_backlog = 128;

/// A socket that a service manager passed, and where it is bound.
struct PassedSocket {
  shm::Descriptor socket;
  std::optional<std::filesystem::path> path;
};

expected<PassedSocket, StartFailure> take_passed_socket() {
  const int count = ::sd_listen_fds(1);
  if (count <= 0) return PassedSocket{};
  PassedSocket passed{shm::Descriptor(SD_LISTEN_FDS_START), std::nullopt};
  if (count > 1) {
    return start_failure(
        EX_CONFIG, fmt::format("{} sockets were passed, agentd takes one: correct the socket unit", count));
  }
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::sd_is_socket(passed.socket.get(), AF_UNIX, SOCK_SEQPACKET, 1) <= 0 ||
      ::getsockname(passed.socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return start_failure(
        EX_CONFIG,
        "the socket that was passed is no listening SOCK_SEQPACKET socket: the socket unit needs "
        "ListenSequentialPacket=");
  }
  if (address.sun_path[0] != '\0') passed.path = address.sun_path;
  if (!passed.path)
    return start_failure(EX_CONFIG, "the socket that was passed has no path: the socket unit needs one");
  return passed;
}

expected<shm::ChannelListener, StartFailure> listen_at(const NamespacePlace& place, PassedSocket passed) {
  if (passed.socket) {
    auto adopted = shm::ChannelListener::adopt(std::move(passed.socket));
    if (!adopted)
      return start_failure(EX_CONFIG, "the socket that was passed cannot be used: it does not listen");
    return std::move(*adopted);
  }
  auto listener = shm::ChannelListener::listen(place.socket.string(), place.socket_mode, listen_backlog);
  if (listener) return std::move(*listener);
  const shm::ChannelListener::ListenError& error = listener.error();
  std::string message = fmt::format("{}: {}", place.socket.string(), shm::describe(error.fault));
  if (error.fault == shm::ChannelListener::ListenFault::occupied) {
    message += ": move it away, or name another socket with --socket";
  } else if (error.error_number != 0) {
    message += fmt::format(": {}", std::strerror(error.error_number));
  }
  return start_failure(EX_CANTCREAT, std::move(message));
}

/// Rings, pages, pipes and sockets are descriptors: a thousand agents need more than the usual soft limit.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    spdlog::warn("the limit of descriptors stays as it was: {}", std::strerror(errno));
  }
}

/// The kernel doubles a process's table of descriptors when it is full, and where the process has several threads, whoever
/// opens the next one waits for it: 10 ms in which the conductor serves nobody. So the table gets its size while this
/// is the only thread, 8 bytes for each. It costs those waits and nothing else where that fails.
void make_room_for_descriptors(std::uint32_t count) {
  const shm::Descriptor any(::open("/", O_PATH | O_CLOEXEC));
  rlimit limit{};
  if (!any || count == 0 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t last = std::min<rlim_t>(limit.rlim_cur, count) - 1;
  const shm::Descriptor highest(::fcntl(any.get(), F_DUPFD_CLOEXEC, static_cast<int>(last)));
}

}  // namespace

struct Daemon::Parts {
  Parts(Config wanted, NamespacePlace where, NamespaceLock held)
      : config(std::move(wanted)),
        place(std::move(where)),
        lock(std::move(held)),
        objects(lock.real_path()),
        conductor(config, objects),
        signals(conductor.context(), SIGTERM, SIGINT, SIGHUP) {}

  Config config;
  NamespacePlace place;
  NamespaceLock lock;  // before everything that is ours only while it is held
  NamespaceObjects objects;
  Conductor conductor;
  boost::asio::signal_set signals;
  std::vector<TopicHold> opened;        // for embedders
  std::optional<ControlServer> server;  // ends first
  bool stopping = false;
};

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Daemon::~Daemon() = default;

expected<std::unique_ptr<Daemon>, StartFailure> Daemon::create(Config config) {
  // A reader of our log that went away is no reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  make_room_for_descriptors(config.limits.topics);
  auto passed = take_passed_socket();
  if (!passed) return unexpected<StartFailure>(std::move(passed.error()));
  PlaceQuestion question = ask_environment(config.namespace_name, config.socket);
  question.passed_socket = passed->path;
  auto place = decide_place(question);
  if (!place) return unexpected<StartFailure>(std::move(place.error()));
  if (!passed->socket) {
    if (auto prepared = prepare_folder(*place); !prepared)
      return unexpected<StartFailure>(std::move(prepared.error()));
  }
  auto lock = NamespaceLock::take(place->lock);
  if (!lock) return unexpected<StartFailure>(std::move(lock.error()));
  auto parts = std::make_unique<Parts>(std::move(config), std::move(*place), std::move(*lock));
  if (const std::size_t swept = parts->objects.sweep(); swept > 0) {
    spdlog::info("removed {} objects that an earlier agentd left in shared memory", swept);
  }
  auto listener = listen_at(parts->place, std::move(*passed));
  if (!listener) return unexpected<StartFailure>(std::move(listener.error()));
  parts->server.emplace(parts->conductor, std::move(*listener));
  return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

void Daemon::run() {
  wait_for_signals();
  parts_->server->start();
  spdlog::info("agentd {} serves namespace {} at {}", version, parts_->config.namespace_name,
               parts_->place.socket.string());
  ::sd_notifyf(0, "READY=1\nSTATUS=Serving namespace %s at %s", parts_->config.namespace_name.c_str(),
               parts_->place.socket.c_str());
  auto stay = boost::asio::make_work_guard(parts_->conductor.context());
  parts_->conductor.context().run();
  spdlog::info("agentd has stopped");
}

std::future<expected<std::shared_ptr<Topic>, Refusal>> Daemon::open_topic(std::string name) {
  using Answer = expected<std::shared_ptr<Topic>, Refusal>;
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  boost::asio::post(parts_->conductor.context(),
                    [this, promise = std::move(promise), name = std::move(name)] {
                      auto hold = parts_->conductor.topics().open(name);
                      if (!hold) return promise->set_value(Answer(tl::unexpect, std::move(hold.error())));
                      parts_->opened.push_back(std::move(*hold));
                      promise->set_value(parts_->opened.back().topic());
                    });
  return future;
}

std::future<expected<Started, Refusal>> Daemon::start_agent(StartOptions options) {
  auto promise = std::make_shared<std::promise<expected<Started, Refusal>>>();
  auto future = promise->get_future();
  boost::asio::post(parts_->conductor.context(), [this, promise, options = std::move(options)]() mutable {
    parts_->conductor.agents().start(std::move(options), [promise](expected<Started, Refusal> started) {
      promise->set_value(std::move(started));
    });
  });
  return future;
}

void Daemon::use_middleware(MiddlewareFactory make) {
  parts_->conductor.agents().use_middleware(std::move(make));
}

void Daemon::stop() {
  boost::asio::post(parts_->conductor.context(), [this] { begin_stop(); });
}

void Daemon::wait_for_signals() {
  parts_->signals.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    spdlog::info("{}: {}", ::strsignal(signal),
                 parts_->stopping ? "cutting off what still runs" : "stopping");
    begin_stop();
    wait_for_signals();
  });
}

void Daemon::begin_stop() {
  if (std::exchange(parts_->stopping, true)) return parts_->conductor.agents().hurry();
  ::sd_notify(0, "STOPPING=1\nSTATUS=Stopping the agents");
  parts_->server->stop_accepting();
  parts_->conductor.agents().drain([this] {
    parts_->conductor.topics().flush();
    parts_->server->end_all();
    parts_->conductor.context().stop();
  });
}

}  // namespace ringside::agentd
