// SPDX-License-Identifier: Apache-2.0
//
// What one client holds of our memory: its session page, its doorbell, and its subscriptions.
//
// Threads    The conductor only; every `done` is called there.
// Isolation  A page is used by one client, ever. A line is granted again only after its topic has confirmed that the
//            subscription which had it is removed.
// Crash      Outlives the connection: a living process may still read under its pins. They end with `unsubscribe`, or with
//            `release` once the process is proven dead, and with nothing else.
// Memory     Page and doorbell stay until the last topic has let go of them: writers hold pointers into the page,
//            and the number of the pipe.
#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "agentd/expected.hpp"
#include "agentd/refusal.hpp"
#include "agentd/topic.hpp"
#include "agentd/topic_table.hpp"
#include "shm/doorbell.hpp"
#include "shm/session_page.hpp"

namespace ringside::agentd {

/// A subscription as its client is told of it. `page_line` 0: it copies.
struct Grant {
  std::uint64_t subscription = 0;
  std::uint32_t page_line = 0;
  shm::Cursor cursor;
  bool keyframe = false;  ///< one stands at the cursor
  std::shared_ptr<Topic> topic;
};

/// How a client wants to read.
enum class Reading {
  copying,   ///< without pins
  pinning,   ///< in place; copying where no line is left, or no slot on the topic
  reliable,  ///< in place, and the ring keeps what it has not consumed; refused where it cannot be had
};

/// What a subscription's own words say of it.
struct ReaderFacts {
  std::uint64_t subscription = 0;
  Reading reading = Reading::copying;
  bool evicted = false;
  std::optional<std::uint64_t>
      next_sequence;  ///< the first that it has not consumed; unknown of one that copies
  std::uint64_t lost = 0;
};

class Attachment : public std::enable_shared_from_this<Attachment> {
 public:
  [[nodiscard]] static expected<std::shared_ptr<Attachment>, Refusal> create(
      boost::asio::io_context& conductor, std::uint64_t session);
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  void subscribe(TopicHold topic, SubscribeFrom from, std::uint64_t sequence, Reading reading,
                 std::function<void(expected<Grant, Refusal>)> done);

  /// Requires that the client reads nothing under it any more. False: there is no such subscription.
  void unsubscribe(std::uint64_t subscription, std::function<void(bool)> done);

  /// Ends every subscription. Requires that the process has ended, or that none of them pins.
  void release();

  /// Calls visit(facts) for each subscription of `topic` whose number is greater than `after`, in their order, until it
  /// returns false. What the client has written there is its own word for it.
  template <class Visit>
  void each_reader(const Topic& topic, std::uint64_t after, Visit&& visit) const {
    for (auto next = subscriptions_.upper_bound(after); next != subscriptions_.end(); ++next) {
      if (next->second.topic.topic().get() == &topic && !visit(facts_of(next->first, next->second))) return;
    }
  }

  [[nodiscard]] bool pins() const noexcept { return lines_.any(); }
  [[nodiscard]] std::size_t subscription_count() const noexcept { return subscriptions_.size() + asked_; }
  [[nodiscard]] std::uint64_t session() const noexcept { return page_.session(); }
  [[nodiscard]] std::uint64_t heartbeat() const noexcept { return page_.heartbeat(); }
  [[nodiscard]] const shm::Descriptor& page_descriptor() const noexcept { return page_.descriptor(); }
  [[nodiscard]] const shm::Descriptor& doorbell_descriptor() const noexcept {
    return doorbell_.waiting_end();
  }

 private:
  struct Subscription {
    TopicHold topic;
    shm::SubscriberId subscriber;
    std::uint32_t line = 0;
    Reading reading = Reading::copying;
  };

  Attachment(boost::asio::io_context& conductor, shm::SessionPage page, shm::Doorbell doorbell)
      : conductor_(conductor), page_(std::move(page)), doorbell_(std::move(doorbell)) {}

  [[nodiscard]] std::optional<std::uint32_t> take_line() noexcept;
  void give_line(std::uint32_t line) noexcept;
  expected<Grant, Refusal> granted(TopicHold topic, std::uint32_t line, Reading reading,
                                   expected<Granted, SubscribeError> answer);
  [[nodiscard]] ReaderFacts facts_of(std::uint64_t number, const Subscription& subscription) const noexcept;

  boost::asio::io_context& conductor_;
  shm::SessionPage page_;
  shm::Doorbell doorbell_;
  std::map<std::uint64_t, Subscription> subscriptions_;
  std::uint64_t last_subscription_ = 0;
  std::size_t asked_ = 0;  // subscriptions that topics have not answered yet
  std::bitset<shm::subscription_line_count> lines_;
  bool released_ = false;
};

}  // namespace ringside::agentd
