// SPDX-License-Identifier: Apache-2.0
//
// Any sequence of publishes, keyframes, rolls, laps, polls, holds and copying reads against a model that knows, of each
// record, only its generation.
#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

enum class Act : std::uint8_t {
  publish,
  largest,
  large,
  keyframe,
  large_keyframe,
  roll,
  lap,
  poll,
  hold,
  release,
  copy,
  rejoin,
  prepare,
  find
};

struct Step {
  Act act = Act::publish;
  std::uint32_t who = 0;
  std::uint32_t amount = 0;
};

void showValue(const Step& step, std::ostream& out) {
  out << "{act " << static_cast<int>(step.act) << ", who " << step.who << ", amount " << step.amount << "}";
}

rc::Gen<Step> any_step() {
  const auto act = rc::gen::weightedElement<Act>({{8, Act::publish},
                                                  {1, Act::largest},
                                                  {1, Act::large},
                                                  {2, Act::keyframe},
                                                  {1, Act::large_keyframe},
                                                  {2, Act::roll},
                                                  {1, Act::lap},
                                                  {6, Act::poll},
                                                  {4, Act::hold},
                                                  {3, Act::release},
                                                  {4, Act::copy},
                                                  {1, Act::rejoin},
                                                  {1, Act::prepare},
                                                  {1, Act::find}});
  return rc::gen::build<Step>(rc::gen::set(&Step::act, act),
                              rc::gen::set(&Step::who, rc::gen::inRange<std::uint32_t>(0, 2)),
                              rc::gen::set(&Step::amount, rc::gen::inRange<std::uint32_t>(0, 900)));
}

/// What was published, in order.
struct Item {
  bool keyframe;
  std::uint64_t sequence;  // of a keyframe: of the last event that it includes
  std::uint64_t generation;
};

/// Where a reader should be: the item that it looks at next, the sequence that it expects, and in which generation it
/// stands.
struct ModelReader {
  std::size_t at;
  std::uint64_t expected;
  std::uint64_t generation;
  StateWish wish = StateWish::none;
  bool owed = wish == StateWish::at_once;
  bool entered = false;
};

class Model {
 public:
  Model(const RingGeometry& geometry, std::uint64_t first, StateWish copier_wish)
      : ring_(geometry, first),
        copying_(ring_.view(), ring_.writer.latest(), copier_wish),
        copier_{0, first, 1, copier_wish, false} {
    for (std::size_t i = 0; i < 2; ++i)
      join(i, StateWish::none);
  }

  void run(const Step& step) {
    switch (step.act) {
      case Act::publish:
        publish(step.amount);
        break;
      case Act::largest:
        publish(ring_.geometry.payload_size_max());
        break;
      case Act::large:
        publish_large(5000 + step.amount);
        break;
      case Act::keyframe:
        publish_keyframe(step.amount);
        break;
      case Act::large_keyframe:
        publish_large_keyframe(5000 + step.amount);
        break;
      case Act::roll:
        roll();
        break;
      case Act::lap:
        for (std::uint32_t i = 0; i <= ring_.geometry.window_segments; ++i)
          roll();
        break;
      case Act::poll:
        poll(step.who, step.amount % 20);
        break;
      case Act::hold:
        hold(step.who);
        break;
      case Act::release:
        release(step.who, step.amount);
        break;
      case Act::copy:
        copy(step.amount % 20);
        break;
      case Act::rejoin:
        held_[step.who].clear();
        join(step.who, static_cast<StateWish>(step.amount % 3));
        break;
      case Act::prepare:
        ring_.writer.prepare();
        break;
      case Act::find:
        find(step.amount);
        break;
    }
    for (const auto& each : held_) {
      for (const Held& held : each)
        RC_ASSERT(is_whole(held.record()));
    }
  }

  /// Everybody reads to the end: nothing is left over.
  void drain() {
    for (std::uint32_t who = 0; who < 2; ++who) {
      poll(who, ~std::uint32_t{0});
      RC_ASSERT(readers_[who].expected == ring_.writer.next_sequence());
      RC_ASSERT(!subscribed_[who]->reader.has_news());
      held_[who].clear();
    }
    copy(~std::uint32_t{0});
    RC_ASSERT(copier_.expected == ring_.writer.next_sequence());
    RC_ASSERT(!copying_.has_news());
  }

 private:
  void join(std::size_t who, StateWish wish) {
    if (subscribed_[who]) {
      subscribed_[who]->reader.close();
      for (const auto& pin : subscribed_[who]->pins)
        RC_ASSERT(pin.load(std::memory_order::relaxed) == 0U);
      ring_.writer.remove_subscriber(subscribed_[who]->id);
    }
    if (wish == StateWish::at_once && !ring_.writer.keyframe()) wish = StateWish::after_a_gap;
    const bool at_once = wish == StateWish::at_once;
    const Cursor cursor = at_once ? *ring_.writer.keyframe() : ring_.writer.latest();
    // The second is reliable: it is told of its eviction before it misses anything.
    subscribed_[who] = std::make_unique<Subscribed>(ring_, cursor, who == 1, wish);
    readers_[who] = {at_once ? last_keyframe() : items_.size(), cursor.next_sequence, cursor.generation,
                     wish};
  }

  void published(bool keyframe, std::uint64_t sequence) {
    items_.push_back({keyframe, sequence, ring_.writer.latest().generation});
  }

  void publish(std::size_t size) {
    const std::uint64_t sequence = ring_.writer.next_sequence();
    RC_ASSERT(ring_.publish(size).value() == sequence);
    published(false, sequence);
  }

  void publish_large(std::size_t size) {
    const std::uint64_t sequence = ring_.writer.next_sequence();
    const auto done = ring_.publish_large(size);
    if (!done) return;  // each is pinned, or there are none
    RC_ASSERT(*done == sequence);
    published(false, sequence);
  }

  void publish_keyframe(std::size_t size) {
    RC_ASSERT(ring_.publish_keyframe(size).has_value());
    published(true, ring_.writer.next_sequence() - 1);
  }

  void publish_large_keyframe(std::size_t size) {
    if (ring_.publish_large_keyframe(size)) published(true, ring_.writer.next_sequence() - 1);
  }

  [[nodiscard]] std::size_t last_keyframe() const {
    const auto found =
        std::find_if(items_.rbegin(), items_.rend(), [](const Item& each) { return each.keyframe; });
    return static_cast<std::size_t>(items_.rend() - found) - 1;
  }

  void roll() {
    const auto generation = ring_.writer.latest().generation;
    while (ring_.writer.latest().generation == generation)
      publish(900);
  }

  [[nodiscard]] bool is_lapped(const ModelReader& model, bool pins) const {
    const std::uint64_t oldest = ring_.writer.oldest().generation;
    if (!pins || !model.entered) return model.generation < oldest;
    // It goes on over the LINK of what it has pinned.
    return model.at < items_.size() && items_[model.at].generation != model.generation &&
           model.generation + 1 < oldest;
  }

  /// Where a lapped reader goes on; the events that it missed.
  Gap catch_up(ModelReader& model) const {
    const Cursor oldest = ring_.writer.oldest();
    Cursor to = oldest;
    std::size_t at = 0;
    while (at < items_.size() && items_[at].generation < oldest.generation)
      ++at;
    const bool misses_nothing = !model.owed && oldest.next_sequence == model.expected;
    if (model.wish != StateWish::none && !misses_nothing && ring_.writer.keyframe()) {
      to = *ring_.writer.keyframe();
      at = last_keyframe();
    }
    const Gap gap{model.expected, to.next_sequence - model.expected};
    if (gap.count != 0) model.owed = model.wish != StateWish::none;
    model.at = at;
    model.expected = to.next_sequence;
    model.generation = to.generation;
    model.entered = true;
    return gap;
  }

  /// What the next step of a reader is: an event, a gap, a keyframe, or nothing.
  Next expected_next(ModelReader& model, bool pins) {
    Next next;
    for (;;) {
      if (is_lapped(model, pins)) {
        next.gap = catch_up(model);
        next.kind = next.gap.count != 0 ? Next::Kind::gap : Next::Kind::nothing;
        if (next.gap.count != 0) return next;
      }
      model.entered = true;
      if (model.at == items_.size()) {
        // Over LINKs between which there is nothing.
        model.generation = ring_.writer.latest().generation;
        return next;
      }
      const Item& item = items_[model.at++];
      model.generation = item.generation;
      if (!item.keyframe) model.expected = item.sequence + 1;
      if (item.keyframe && !std::exchange(model.owed, false)) continue;
      next.record.sequence = item.sequence;
      next.kind = item.keyframe ? Next::Kind::keyframe : Next::Kind::record;
      return next;
    }
  }

  template <class Reader>
  void compare(Reader& reader, ModelReader& model, bool pins, std::size_t limit) {
    std::size_t count = 0;
    while (count < limit) {
      const Next wanted = expected_next(model, pins);
      const Next found = reader.next();
      RC_ASSERT(found.kind == wanted.kind);
      if (found.kind == Next::Kind::nothing) return;
      if (found.kind == Next::Kind::gap) {
        RC_ASSERT(found.gap == wanted.gap);
        RC_ASSERT(&model != &readers_[1] || subscribed_[1]->evicted.load(std::memory_order::relaxed) == 1U);
        continue;
      }
      ++count;
      RC_ASSERT(found.record.sequence == wanted.record.sequence);
      const bool keyframe = found.kind == Next::Kind::keyframe;
      RC_ASSERT((keyframe ? is_whole_keyframe(found.record) : is_whole(found.record)));
    }
  }

  void poll(std::uint32_t who, std::size_t limit) {
    compare(subscribed_[who]->reader, readers_[who], true, limit);
  }
  void copy(std::size_t limit) { compare(copying_, copier_, false, limit); }

  void hold(std::uint32_t who) {
    const Next wanted = expected_next(readers_[who], true);
    const Next found = subscribed_[who]->reader.next();
    RC_ASSERT(found.kind == wanted.kind);
    if (found.kind == Next::Kind::record) held_[who].push_back(subscribed_[who]->reader.hold(found.record));
    RC_ASSERT(subscribed_[who]->reader.held_segments() < ring_.geometry.pins_per_subscription);
  }

  void release(std::uint32_t who, std::uint32_t which) {
    auto& held = held_[who];
    if (held.empty()) return;
    std::swap(held[which % held.size()], held.back());
    held.pop_back();
  }

  void find(std::uint32_t back) {
    const std::uint64_t sequence = ring_.writer.next_sequence() - back % 50;
    const bool readable = std::any_of(items_.begin(), items_.end(), [&](const Item& each) {
      return !each.keyframe && each.sequence == sequence &&
             each.generation >= ring_.writer.oldest().generation;
    });
    const auto cursor = ring_.writer.find(sequence);
    RC_ASSERT(cursor.has_value() == (readable || sequence == ring_.writer.next_sequence()));
    if (!readable) return;
    CopyingReader reader(ring_.view(), *cursor);
    RC_ASSERT(reader.next().record.sequence == sequence);
  }

  HeapRing ring_;
  std::vector<Item> items_;
  std::array<std::unique_ptr<Subscribed>, 2> subscribed_;
  std::array<ModelReader, 2> readers_{};
  std::array<std::vector<Held>, 2> held_;
  CopyingReader copying_;
  ModelReader copier_;
};

RC_GTEST_PROP(RingProperty, GivesEveryReaderEveryEventInOrderOrTheExactGap, ()) {
  const auto large_segments = *rc::gen::inRange<std::uint32_t>(0, 3);
  const auto geometry = RingGeometry{
      .segment_size = 4096,
      .window_segments = *rc::gen::inRange<std::uint32_t>(2, 6),
      .subscription_max = 2,
      .pins_per_subscription = *rc::gen::inRange<std::uint32_t>(2, 5),
      .reliable_segments = *rc::gen::inRange<std::uint32_t>(0, 4),
      .large_segments = large_segments,
      .large_segment_size = large_segments == 0 ? 0U : 3 * 4096U,
  };
  const auto first = *rc::gen::element<std::uint64_t>(1, 0xfffffff0, 0x7ffffffffffffff0);
  Model model(geometry, first, *rc::gen::element(StateWish::none, StateWish::after_a_gap));
  for (const Step& step : *rc::gen::container<std::vector<Step>>(any_step()))
    model.run(step);
  model.drain();
}

}  // namespace
}  // namespace ringside::shm
