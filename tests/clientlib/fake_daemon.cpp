// SPDX-License-Identifier: Apache-2.0
#include "tests/clientlib/fake_daemon.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "schema/control_codec.hpp"
#include "schema/event_builder.hpp"
#include "schema/topic_name.hpp"

namespace ringside::test {
namespace {

template <class Value, class Error>
Value must(shm::expected<Value, Error> made, const char* what) {
  if (!made) throw std::runtime_error(what);
  return std::move(*made);
}

std::string object_name() {
  static std::atomic<unsigned> last{0};
  return "/ringside-test." + std::to_string(::getpid()) + "." + std::to_string(++last);
}

shm::RingObject make_object(std::string_view topic, const shm::RingGeometry& geometry) {
  shm::RingIdentity identity;
  identity.topic = topic;
  auto object = must(shm::RingObject::create(object_name(), geometry, identity), "no ring");
  object.remove();
  return object;
}

control::ErrorT refusal(control::ErrorCode code, std::string message) {
  control::ErrorT error;
  error.code = code;
  error.message = std::move(message);
  return error;
}

}  // namespace

// ---------------------------------------------------------------------------------------------------- topic

FakeTopic::FakeTopic(std::string_view name, const shm::RingGeometry& geometry)
    : object_(make_object(name, geometry)),
      writer_(object_.memory(), object_.backing(), object_.first_sequence()) {}

std::uint64_t FakeTopic::publish_bytes(std::span<const std::byte> bytes, std::uint32_t kind,
                                       std::int64_t time_ns) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t sequence = must(writer_.publish(bytes, kind, time_ns), "not published");
  writer_.ring();
  return sequence;
}

std::uint64_t FakeTopic::publish(const schema::EventBuffer& event, std::int64_t time_ns) {
  return publish_bytes(event.bytes(), static_cast<std::uint32_t>(event.kind()), time_ns);
}

std::uint64_t FakeTopic::publish_text(std::string_view text) {
  return publish(text_event(text));
}

schema::EventBuffer text_event(std::string_view text) {
  return schema::EventBuilder().text_delta({.incarnation = 7, .run = 3}, "message", 0, text);
}

std::string_view text_of(const events::Event& event) {
  return event.payload_as_llm_deltas()->deltas()->Get(0)->text()->string_view();
}

// --------------------------------------------------------------------------------------------------- daemon

FakeDaemon::FakeDaemon(shm::RingGeometry geometry)
    : socket_((folder_.path() / "control.sock").string()),
      geometry_(geometry),
      listener_(must(shm::ChannelListener::listen(socket_, 0600, 16), "no socket")),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

FakeDaemon::~FakeDaemon() {
  stopping_ = true;
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_.get(), &one, sizeof one));
  thread_.join();
}

void FakeDaemon::answer(control::RequestBody kind, Answerer answerer) {
  const std::lock_guard lock(mutex_);
  answerers_[kind] = std::move(answerer);
}

FakeTopic& FakeDaemon::topic(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<FakeTopic>& found = topics_[name];
  if (!found) found = std::make_unique<FakeTopic>(name, geometry_);
  return *found;
}

std::size_t FakeDaemon::count(control::RequestBody kind) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(kind);
  return found == counts_.end() ? 0 : found->second;
}

void FakeDaemon::wait_for(control::RequestBody kind, std::size_t count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    const auto found = counts_.find(kind);
    return found != counts_.end() && found->second >= count;
  });
}

std::uint64_t FakeDaemon::heartbeat() const {
  const std::lock_guard lock(mutex_);
  return peers_.back()->page->heartbeat();
}

void FakeDaemon::close_sockets() {
  const std::lock_guard lock(mutex_);
  for (const auto& peer : peers_)
    peer->channel.shut_down();
}

void FakeDaemon::close_doorbells() {
  const std::lock_guard lock(mutex_);
  // A writer must not ring what is closed.
  for (auto& [id, granted] : granted_) {
    FakeTopic& topic = *topics_.at(granted.topic);
    const std::lock_guard topic_lock(topic.mutex());
    topic.writer().remove_subscriber(granted.subscriber);
  }
  granted_.clear();
  for (const auto& peer : peers_)
    peer->doorbell.reset();
}

void FakeDaemon::die() {
  close_doorbells();
  close_sockets();
}

void FakeDaemon::lose_presence() {
  const std::lock_guard lock(mutex_);
  presence_.clear();
}

std::uint64_t FakeDaemon::presence_ref(const std::string& topic, const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = presence_.find(topic);
  if (found == presence_.end()) return 0;
  const auto entry = found->second.find(key);
  return entry == found->second.end() ? 0 : entry->second;
}

void FakeDaemon::run() {
  while (!stopping_) {
    std::vector<pollfd> watched{{wake_.get(), POLLIN, 0}, {listener_.descriptor().get(), POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      for (const auto& peer : peers_)
        watched.push_back({peer->channel.descriptor().get(), POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), -1);
    for (std::size_t i = 2; i < watched.size(); ++i) {
      // Peers stay in the list when they have gone: their pages and doorbells may still be used by writers.
      if (watched[i].revents != 0 && !serve(*peers_[i - 2])) {
        const std::lock_guard lock(mutex_);
        peers_[i - 2]->channel = std::move(must(shm::Channel::pair(), "no pair").first);
      }
    }
    if ((watched[1].revents & POLLIN) != 0) {
      if (auto channel = listener_.accept()) {
        const std::lock_guard lock(mutex_);
        peers_.push_back(std::make_unique<Peer>(Peer{std::move(*channel), {}, {}}));
      }
    }
  }
}

bool FakeDaemon::serve(Peer& peer) {
  alignas(8) std::array<std::byte, schema::frame_size_max> buffer;
  const shm::Received received = peer.channel.receive(buffer);
  if (received.status == shm::ReceiveStatus::would_block) return true;
  if (received.status != shm::ReceiveStatus::frame) return false;
  const auto request = schema::decode_request(std::span(buffer).first(received.size));
  if (!request) return false;
  Call call{.request = **request, .reply = {}, .descriptors = {}, .raw = {}};
  call.reply.id = (*request)->id();
  answer_honestly(peer, call);
  Answerer answerer;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = answerers_.find((*request)->body_type()); found != answerers_.end())
      answerer = found->second;
  }
  if (answerer) answerer(call);
  {
    // Counted before it is answered: who has the answer finds it counted.
    const std::lock_guard lock(mutex_);
    ++counts_[(*request)->body_type()];
  }
  changed_.notify_all();
  if (!call.silent && !call.hang_up) {
    const auto frame = call.raw.empty() ? schema::encode(call.reply).value() : call.raw;
    static_cast<void>(peer.channel.send(frame, call.descriptors));
  }
  sending_.clear();
  return !call.hang_up;
}

void FakeDaemon::answer_honestly(Peer& peer, Call& call) {
  switch (call.request.body_type()) {
    case control::RequestBody::hello: {
      control::HelloReplyT hello;
      hello.protocol_version = schema::protocol_version;
      hello.layout_version = shm::ring_layout_version;
      hello.layout_fingerprint = shm::ring_fingerprint();
      hello.namespace_name = "default";
      hello.daemon_version = "fake";
      call.reply.body.Set(std::move(hello));
      return;
    }
    case control::RequestBody::attach:
      return attach(peer, call);
    case control::RequestBody::subscribe:
      return subscribe(peer, call);
    case control::RequestBody::unsubscribe:
      return unsubscribe(call);
    case control::RequestBody::track:
      return track(call, call.request.body_as_track()->topic()->str(),
                   call.request.body_as_track()->key()->str(), false);
    case control::RequestBody::update:
      return track(call, call.request.body_as_update()->topic()->str(),
                   call.request.body_as_update()->key()->str(), true);
    case control::RequestBody::untrack: {
      const std::lock_guard lock(mutex_);
      presence_[call.request.body_as_untrack()->topic()->str()].erase(
          call.request.body_as_untrack()->key()->str());
      break;
    }
    default:
      break;
  }
  call.reply.body.Set(control::OkT());
}

void FakeDaemon::attach(Peer& peer, Call& call) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t session = ++last_session_;
  peer.page = must(shm::SessionPage::create(session, static_cast<std::uint32_t>(session)), "no page");
  peer.doorbell = must(shm::Doorbell::create(), "no doorbell");
  control::AttachReplyT attach;
  attach.session = session;
  attach.heartbeat_interval_ms = 100;
  call.reply.body.Set(std::move(attach));
  call.descriptors = {peer.page->descriptor().get(), peer.doorbell->waiting_end().get()};
}

void FakeDaemon::subscribe(Peer& peer, Call& call) {
  const control::Subscribe& request = *call.request.body_as_subscribe();
  FakeTopic& found = topic(request.topic()->str());
  const std::lock_guard lock(mutex_);
  const std::lock_guard topic_lock(found.mutex());
  shm::RingWriter& writer = found.writer();
  control::SubscribeReplyT reply;
  const shm::Subscriber copying{
      .pins = nullptr, .wake_flag = peer.page->wake_flag(), .doorbell = peer.doorbell->ringing_end().get()};
  shm::Subscriber subscriber = copying;
  if (!request.copying() && shm::SessionPage::is_subscription_line(peer.next_line)) {
    subscriber.pins = peer.page->pins(peer.next_line);
    reply.page_line = peer.next_line;
  }
  auto added = writer.add_subscriber(subscriber);
  if (!added) {
    reply.page_line = 0;
    added = writer.add_subscriber(copying);
  }
  if (reply.page_line != 0) ++peer.next_line;
  shm::Cursor cursor = writer.latest();
  if (request.from() == control::From::oldest) cursor = writer.oldest();
  if (request.from() == control::From::sequence)
    cursor = writer.find(request.sequence()).value_or(writer.oldest());
  reply.subscription = ++last_subscription_;
  reply.generation = cursor.generation;
  reply.offset = cursor.offset;
  reply.next_sequence = cursor.next_sequence;
  reply.object_size = found.object().object_size();
  reply.running = running_;
  granted_[reply.subscription] = {request.topic()->str(), *added};
  call.reply.body.Set(std::move(reply));
  sending_.push_back(must(found.object().read_only_descriptor(), "no descriptor"));
  call.descriptors = {sending_.back().get()};
}

void FakeDaemon::unsubscribe(Call& call) {
  const std::lock_guard lock(mutex_);
  const auto found = granted_.find(call.request.body_as_unsubscribe()->subscription());
  if (found == granted_.end()) {
    call.reply.body.Set(refusal(control::ErrorCode::no_such_subscription, "no such subscription"));
    return;
  }
  FakeTopic& topic = *topics_.at(found->second.topic);
  const std::lock_guard topic_lock(topic.mutex());
  topic.writer().remove_subscriber(found->second.subscriber);
  granted_.erase(found);
  call.reply.body.Set(control::OkT());
}

void FakeDaemon::track(Call& call, const std::string& topic, const std::string& key, bool again) {
  const std::lock_guard lock(mutex_);
  auto& keys = presence_[topic];
  if (keys.contains(key) != again) {
    call.reply.body.Set(again ? refusal(control::ErrorCode::not_tracked, "not tracked")
                              : refusal(control::ErrorCode::already_tracked, "already tracked"));
    return;
  }
  control::TrackReplyT reply;
  reply.ref = keys[key] = ++last_ref_;
  call.reply.body.Set(std::move(reply));
}

}  // namespace ringside::test
