// SPDX-License-Identifier: Apache-2.0
//
// Any sequence of publishes, rolls, laps, polls, holds and copying reads against a model that knows, of each
// event, only its generation.
#include <algorithm>
#include <deque>
#include <map>
#include <ostream>
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

/// Where a reader should be: what it expects, and, of one that pins, in which generation it stands.
struct ModelReader {
  std::uint64_t expected;
  std::uint64_t generation;
  bool entered = false;
};

class Model {
 public:
  Model(const RingGeometry& geometry, std::uint64_t first)
      : ring_(geometry, first), copying_(ring_.view(), ring_.writer.latest()), copier_{first, 1} {
    for (std::size_t i = 0; i < 2; ++i)
      join(i);
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
        join(step.who);
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
  void join(std::size_t who) {
    if (subscribed_[who]) {
      subscribed_[who]->reader.close();
      for (const auto& pin : subscribed_[who]->pins)
        RC_ASSERT(pin.load(std::memory_order::relaxed) == 0U);
      ring_.writer.remove_subscriber(subscribed_[who]->id);
    }
    // The second is reliable: it is told of its eviction before it misses anything.
    subscribed_[who] = std::make_unique<Subscribed>(ring_, ring_.writer.latest(), who == 1);
    readers_[who] = {ring_.writer.next_sequence(), ring_.writer.latest().generation};
  }

  void publish(std::size_t size) {
    const std::uint64_t sequence = ring_.writer.next_sequence();
    RC_ASSERT(ring_.publish(size).value() == sequence);
    generation_of_[sequence] = ring_.writer.latest().generation;
  }

  void publish_large(std::size_t size) {
    const std::uint64_t sequence = ring_.writer.next_sequence();
    const auto published = ring_.publish_large(size);
    if (!published) return;  // each is pinned, or there are none
    RC_ASSERT(*published == sequence);
    generation_of_[sequence] = ring_.writer.latest().generation;
  }

  void roll() {
    const auto generation = ring_.writer.latest().generation;
    while (ring_.writer.latest().generation == generation)
      publish(900);
  }

  /// What the next step of a reader is: an event, a gap to the oldest, or nothing.
  Next expected_next(ModelReader& model, bool pins) {
    const Cursor oldest = ring_.writer.oldest();
    Next next;
    const auto event = generation_of_.find(model.expected);
    const bool stays =
        pins && model.entered && event != generation_of_.end() && event->second == model.generation;
    if (!stays && event != generation_of_.end() && event->second < oldest.generation) {
      next.kind = Next::Kind::gap;
      next.gap = {model.expected, oldest.next_sequence - model.expected};
      model.expected = oldest.next_sequence;
      model.entered = true;
      model.generation = oldest.generation;
    } else if (event != generation_of_.end()) {
      next.kind = Next::Kind::record;
      next.record.sequence = model.expected++;
      model.entered = true;
      model.generation = event->second;
    } else if (!model.entered && model.generation >= oldest.generation) {
      model.entered = true;
    }
    return next;
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
      RC_ASSERT(is_whole(found.record));
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
    const auto event = generation_of_.find(sequence);
    const bool readable = event != generation_of_.end() && event->second >= ring_.writer.oldest().generation;
    const auto cursor = ring_.writer.find(sequence);
    RC_ASSERT(cursor.has_value() == (readable || sequence == ring_.writer.next_sequence()));
    if (!readable) return;
    CopyingReader reader(ring_.view(), *cursor);
    RC_ASSERT(reader.next().record.sequence == sequence);
  }

  HeapRing ring_;
  std::map<std::uint64_t, std::uint64_t> generation_of_;
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
  Model model(geometry, first);
  for (const Step& step : *rc::gen::container<std::vector<Step>>(any_step()))
    model.run(step);
  model.drain();
}

}  // namespace
}  // namespace ringside::shm
