// SPDX-License-Identifier: Apache-2.0
#include "clientlib/tracked_entry.hpp"

#include <atomic>
#include <utility>
#include <vector>

namespace ringside::detail {
namespace {

/// Lost and found again in turns: how often an update is tried before the refusal is believed.
constexpr int update_tries_max = 4;

std::uint64_t next_number() noexcept {
  static std::atomic<std::uint64_t> last{0};
  // relaxed: only the numbers matter.
  return last.fetch_add(1, std::memory_order::relaxed) + 1;
}

/// Track and Update have the same fields.
template <class Table>
control::RequestT entry_request(const std::string& topic, const std::string& key, const Meta& meta) {
  Table table;
  table.topic = topic;
  table.key = key;
  for (const auto& [name, value] : meta) {
    auto pair = std::make_unique<events::KeyValueT>();
    pair->key = name;
    pair->value = value;
    table.meta.push_back(std::move(pair));
  }
  control::RequestT request;
  request.body.Set(std::move(table));
  return request;
}

control::RequestT untrack_request(const std::string& topic, const std::string& key) {
  control::UntrackT table;
  table.topic = topic;
  table.key = key;
  control::RequestT request;
  request.body.Set(std::move(table));
  return request;
}

std::uint64_t ref_of(const control::TrackReply& reply) noexcept {
  return reply.ref();
}

}  // namespace

TrackedEntry::TrackedEntry(std::shared_ptr<Session> session, std::string topic, std::string key, Meta meta)
    : session_(std::move(session)),
      topic_(std::move(topic)),
      key_(std::move(key)),
      number_(next_number()),
      meta_(std::move(meta)) {}

TrackedEntry::~TrackedEntry() {
  if (!session_->forked() && leave()) session_->tell(untrack_request(topic_, key_));
}

expected<std::shared_ptr<TrackedEntry>, RequestError> TrackedEntry::track(std::shared_ptr<Session> session,
                                                                          std::string topic, std::string key,
                                                                          Meta meta) {
  const auto undo = [topic, key](const control::Reply& reply) -> std::optional<control::RequestT> {
    if (reply.body_as_track() == nullptr) return std::nullopt;
    return untrack_request(topic, key);
  };
  const std::uint64_t stops = session->stops();
  const auto ref =
      session->ask_for<control::TrackReply>(entry_request<control::TrackT>(topic, key, meta), ref_of, undo);
  if (!ref) return unexpected(ref.error());
  std::shared_ptr<TrackedEntry> entry(
      new TrackedEntry(std::move(session), std::move(topic), std::move(key), std::move(meta)));
  entry->ref_ = *ref;
  entry->session_->add(entry.get());
  if (entry->session_->stops() != stops) {
    // Stopped between the answer and now: nobody has tracked it again.
    if (const auto updated = entry->update(entry->meta_); !updated) return unexpected(updated.error());
  }
  return entry;
}

expected<std::uint64_t, RequestError> TrackedEntry::update(Meta meta) {
  if (session_->forked()) return forked_failure();
  const std::lock_guard turn(update_turn_);
  if (ref() == 0) return failure(RequestFault::ended, "untracked already");
  // agentd may have given the entry up while this process was stopped, and the session's thread may be
  // tracking it again right now.
  bool tracked = true;
  for (int tries = 1;; ++tries) {
    auto request = tracked ? entry_request<control::UpdateT>(topic_, key_, meta)
                           : entry_request<control::TrackT>(topic_, key_, meta);
    const auto answered = session_->ask_for<control::TrackReply>(std::move(request), ref_of);
    if (answered) {
      const std::lock_guard lock(mutex_);
      meta_ = std::move(meta);
      ref_ = *answered;
      return ref_;
    }
    const RequestFault lost = tracked ? RequestFault::not_tracked : RequestFault::already_tracked;
    if (answered.error().fault != lost || tries == update_tries_max) return unexpected(answered.error());
    tracked = !tracked;
  }
}

expected<void, RequestError> TrackedEntry::untrack() {
  if (session_->forked()) return forked_failure();
  const std::lock_guard turn(update_turn_);
  if (!leave()) return {};
  return session_->ask_ok(untrack_request(topic_, key_));
}

bool TrackedEntry::leave() noexcept {
  session_->remove(this);
  const std::lock_guard lock(mutex_);
  ref_ = 0;
  return std::exchange(there_, false);
}

std::uint64_t TrackedEntry::ref() const {
  const std::lock_guard lock(mutex_);
  return ref_;
}

control::RequestT TrackedEntry::track_request() const {
  const std::lock_guard lock(mutex_);
  return entry_request<control::TrackT>(topic_, key_, meta_);
}

void TrackedEntry::tracked_again(std::uint64_t ref) {
  const std::lock_guard lock(mutex_);
  if (there_) ref_ = ref;
}

}  // namespace ringside::detail
