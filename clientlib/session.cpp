// SPDX-License-Identifier: Apache-2.0
#include "clientlib/session.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include "clientlib/subscription_core.hpp"
#include "clientlib/tracked_entry.hpp"

namespace ringside::detail {
namespace {

/// Missing so many beats means that this process was stopped, and that agentd may have given its entries up.
constexpr int beats_missed_max = 3;

constexpr std::chrono::milliseconds request_timeout_max = std::chrono::hours(24);

unexpected<ConnectError> out_of_resources(int error) {
  return unexpected(ConnectError{ConnectFault::system, error, std::strerror(error)});
}

}  // namespace

expected<std::shared_ptr<Session>, ConnectError> Session::open(ConnectOptions options) {
  // Clocks are added to it.
  options.request_timeout =
      std::clamp(options.request_timeout, std::chrono::milliseconds(0), request_timeout_max);
  auto greeted = greet(options);
  if (!greeted) return unexpected(greeted.error());
  auto mark = ForkMark::create();
  if (!mark) return out_of_resources(mark.error());
  try {
    return std::shared_ptr<Session>(
        new Session(std::move(*mark), std::move(*greeted), options.request_timeout), [](Session* session) {
          // A child has neither the mappings nor the thread: what it was given is left as it is.
          if (!session->forked()) delete session;
        });
  } catch (const std::system_error& error) {
    return out_of_resources(error.code().value());
  }
}

Session::Session(ForkMark mark, Greeted greeted, std::chrono::milliseconds request_timeout)
    : mark_(std::move(mark)),
      facts_(std::move(greeted)),
      beaten_at_(std::chrono::steady_clock::now()),
      connection_(std::move(facts_.channel), facts_.doorbell.get(),
                  {.request_timeout = request_timeout,
                   .beat_interval = facts_.beat_interval,
                   .beat = [this] { beat(); }}),
      waiting_(connection_, *facts_.page.wake_flag(), facts_.doorbell.get()) {}

expected<Answer, RequestError> Session::ask(control::RequestT request, Connection::Undo undo) {
  if (forked()) return forked_failure();
  return connection_.ask(std::move(request), std::move(undo));
}

void Session::tell(control::RequestT request) {
  if (!forked()) connection_.tell(std::move(request));
}

expected<void, RequestError> Session::ask_ok(control::RequestT request) {
  const auto answer = ask(std::move(request));
  if (!answer) return unexpected(answer.error());
  const auto body = body_of<control::Ok>(*answer->reply);
  if (!body) return unexpected(body.error());
  return {};
}

void Session::add(SubscriptionCore* subscription) {
  const std::lock_guard lock(mutex_);
  subscriptions_.insert(subscription);
}

void Session::remove(SubscriptionCore* subscription) noexcept {
  const std::lock_guard lock(mutex_);
  subscriptions_.erase(subscription);
}

bool Session::any_news() {
  const std::lock_guard lock(mutex_);
  for (SubscriptionCore* subscription : subscriptions_) {
    if (subscription->has_news()) return true;
  }
  return false;
}

void Session::add(TrackedEntry* entry) {
  const std::lock_guard lock(mutex_);
  tracked_.emplace(entry->number(), entry);
}

void Session::remove(TrackedEntry* entry) noexcept {
  const std::lock_guard lock(mutex_);
  tracked_.erase(entry->number());
}

void Session::beat() {
  // The counter first: agentd sees it moved before it answers anything that is asked below.
  facts_.page.beat();
  const auto now = std::chrono::steady_clock::now();
  const auto silence = std::exchange(beaten_at_, now);
  if (now - silence > beats_missed_max * facts_.beat_interval) track_again();
}

void Session::track_again() {
  const std::lock_guard lock(mutex_);
  // relaxed: see stops().
  stops_.fetch_add(1, std::memory_order::relaxed);
  for (const auto& [number, entry] : tracked_) {
    // Still there for agentd: refused as tracked already, and nothing has changed.
    connection_.ask_later(entry->track_request(), [this, number = number](const control::Reply& reply) {
      const auto* body = reply.body_as_track();
      if (body == nullptr) return;
      const std::lock_guard found_lock(mutex_);
      if (const auto found = tracked_.find(number); found != tracked_.end())
        found->second->tracked_again(body->ref());
    });
  }
}

}  // namespace ringside::detail
