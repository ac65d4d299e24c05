// SPDX-License-Identifier: Apache-2.0
#include "agentd/control_server.hpp"

#include <cstring>
#include <utility>

#include <spdlog/spdlog.h>

namespace ringside::agentd {

namespace {

constexpr int accepts_a_turn = 64;
constexpr std::chrono::milliseconds accept_pause{100};

/// So many sessions beyond a user's limit are let in, to be told of the limit.
constexpr std::size_t surplus_max = 16;

}  // namespace

ControlServer::ControlServer(Conductor& conductor, shm::ChannelListener listener)
    : conductor_(conductor),
      listener_(std::move(listener)),
      knocks_(conductor.context(), listener_.descriptor().get()),
      pause_(conductor.context()),
      requests_(conductor, clients_) {}

ControlServer::~ControlServer() {
  end_all();
  if (knocks_.is_open()) static_cast<void>(knocks_.release());
}

void ControlServer::stop_accepting() {
  accepting_ = false;
  pause_.cancel();
  if (knocks_.is_open()) static_cast<void>(knocks_.release());
}

void ControlServer::end_all() {
  clients_.each([](Client& client) {
    const auto session = client.session;
    session->end("agentd ends");
  });
}

void ControlServer::wait() {
  if (!accepting_) return;
  knocks_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (!error && accepting_) accept_some();
                     });
}

void ControlServer::accept_some() {
  for (int i = 0; i < accepts_a_turn; ++i) {
    auto channel = listener_.accept();
    if (channel) {
      welcome(std::move(*channel));
      continue;
    }
    if (channel.error().fault == shm::ChannelListener::AcceptFault::would_block) break;
    spdlog::warn("accepting pauses: {}", std::strerror(channel.error().error_number));
    return pause();
  }
  wait();
}

void ControlServer::pause() {
  pause_.expires_after(accept_pause);
  pause_.async_wait([this](const boost::system::error_code& error) {
    if (!error && accepting_) accept_some();
  });
}

void ControlServer::welcome(shm::Channel channel) {
  auto client = std::make_unique<Client>();
  client->process = std::make_unique<ClientProcess>(conductor_.context(), channel);
  if (!client->process->is_known()) return;
  const std::size_t sessions = clients_.sessions_of(client->process->uid());
  const std::size_t limit = conductor_.config().limits.sessions_per_uid;
  if (sessions >= limit + surplus_max) return;
  client->surplus = sessions >= limit;
  client->session =
      std::make_shared<Session>(conductor_.context(), ++last_session_, std::move(channel), *this, buffer_);
  client->greeting_due.emplace(conductor_.context(), greeting_max);
  client->greeting_due->async_wait(
      [session = std::weak_ptr(client->session)](const boost::system::error_code& error) {
        const auto silent = session.lock();
        if (!error && silent != nullptr) silent->end("it did not greet");
      });
  clients_.add(std::move(client)).session->start();
}

void ControlServer::request_came(Session& session, const control::Request& request, Responder responder) {
  Client* client = clients_.find(session.number());
  requests_.handle(*client, request, std::move(responder));
  client = clients_.find(session.number());  // the request may have ended it
  if (client != nullptr && client->id) client->greeting_due.reset();
}

void ControlServer::session_ended(Session& session, std::string_view why) {
  Client* client = clients_.find(session.number());
  if (client == nullptr) return;
  spdlog::debug("session {} of {} (process {}) ended: {}", session.number(), client->name,
                client->process->pid(), why);
  requests_.client_left(*client);
  clients_.remove(session.number());
}

}  // namespace ringside::agentd
