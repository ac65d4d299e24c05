// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <ringside/client.hpp>

#include "clientlib/session.hpp"
#include "clientlib/subscription_core.hpp"
#include "clientlib/tracked_entry.hpp"

namespace ringside {

using detail::failure;

Client::Client(std::shared_ptr<detail::Session> session) noexcept : session_(std::move(session)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

expected<Client, ConnectError> Client::connect(const ConnectOptions& options) {
  auto session = detail::Session::open(options);
  if (!session) return unexpected(std::move(session.error()));
  return Client(std::move(*session));
}

expected<Subscription, RequestError> Client::subscribe(std::string_view topic,
                                                       const SubscribeOptions& options) {
  std::string name(topic);
  auto grant = detail::request_subscription(*session_, name, options);
  if (!grant) return unexpected(std::move(grant.error()));
  // In a child nothing of it is mapped, so nothing of it is taken apart.
  return Subscription(std::shared_ptr<detail::SubscriptionCore>(
      new detail::SubscriptionCore(session_, std::move(name), std::move(*grant), options.verify),
      [](detail::SubscriptionCore* core) {
        if (!core->session().forked()) delete core;
      }));
}

expected<Subscription, RequestError> Client::subscribe_agent(std::string_view agent_id,
                                                             const SubscribeOptions& options) {
  return subscribe(agent_topic(agent_id), options);
}

WaitResult Client::wait(std::chrono::nanoseconds timeout) {
  if (session_->forked()) return WaitResult::forked;
  return session_->waiting().wait(timeout, [this] { return session_->any_news(); });
}

int Client::fd() const noexcept {
  return session_->forked() ? -1 : session_->waiting().fd();
}

bool Client::arm() {
  return !session_->forked() && session_->waiting().arm([this] { return session_->any_news(); });
}

expected<Tracking, RequestError> Client::track(std::string_view topic, std::string_view key, Meta meta) {
  if (session_->forked()) return detail::forked_failure();
  auto entry = detail::TrackedEntry::track(session_, std::string(topic), std::string(key), std::move(meta));
  if (!entry) return unexpected(std::move(entry.error()));
  return Tracking(std::move(*entry));
}

bool Client::daemon_gone() const noexcept {
  return session_->gone();
}

const std::string& Client::client_id() const noexcept {
  return session_->facts().client_id;
}

const std::string& Client::socket_path() const noexcept {
  return session_->facts().socket_path;
}

const std::string& Client::namespace_name() const noexcept {
  return session_->facts().namespace_name;
}

const std::string& Client::daemon_version() const noexcept {
  return session_->facts().daemon_version;
}

// ------------------------------------------------------------------------------------------------ tracking

Tracking::Tracking(std::shared_ptr<detail::TrackedEntry> entry) noexcept : entry_(std::move(entry)) {}
Tracking::Tracking(Tracking&&) noexcept = default;
Tracking& Tracking::operator=(Tracking&&) noexcept = default;
Tracking::~Tracking() = default;

std::uint64_t Tracking::ref() const noexcept {
  return entry_ ? entry_->ref() : 0;
}

std::string_view Tracking::topic() const noexcept {
  return entry_ ? std::string_view(entry_->topic()) : std::string_view();
}

std::string_view Tracking::key() const noexcept {
  return entry_ ? std::string_view(entry_->key()) : std::string_view();
}

expected<std::uint64_t, RequestError> Tracking::update(Meta meta) {
  if (!entry_) return failure(RequestFault::ended, "moved from");
  return entry_->update(std::move(meta));
}

expected<void, RequestError> Tracking::untrack() {
  if (!entry_) return {};
  return entry_->untrack();
}

}  // namespace ringside
