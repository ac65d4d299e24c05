// SPDX-License-Identifier: Apache-2.0
//
// Any sequence of presence operations: what a watcher makes of a list and the diffs above its version is
// exactly what is there, and that is what a plain map says.
#include <map>
#include <ostream>
#include <set>
#include <tuple>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "agentd/presence.hpp"

namespace ringside::agentd {
namespace {

enum class Kind { track, update, untrack, gone, look };

struct Step {
  Kind kind;
  unsigned topic;
  unsigned client;
  unsigned key;
  unsigned value;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  constexpr const char* names[] = {"track", "update", "untrack", "gone", "look"};
  return out << names[static_cast<int>(step.kind)] << " topic " << step.topic << " client " << step.client
             << " key " << step.key << " value " << step.value;
}

rc::Gen<Step> any_step() {
  return rc::gen::construct<Step>(
      rc::gen::weightedElement<Kind>(
          {{5, Kind::track}, {2, Kind::update}, {3, Kind::untrack}, {1, Kind::gone}, {2, Kind::look}}),
      rc::gen::inRange(0u, 3u), rc::gen::inRange(0u, 4u), rc::gen::inRange(0u, 3u), rc::gen::inRange(0u, 9u));
}

std::string topic_name(unsigned topic) {
  return "conversation:" + std::to_string(topic);
}

/// (ref, previous ref, client, value) of each window of each key.
using Window = std::tuple<std::uint64_t, std::uint64_t, std::string, std::string>;
using Room = std::map<std::string, std::set<Window>>;

Window window_of(const events::PresenceMetaT& meta) {
  return {meta.ref, meta.previous_ref, meta.client_id, meta.meta.empty() ? "" : meta.meta[0]->value};
}

/// What a client makes of what it is told. It believes a diff only if it is above what it knows.
struct Watcher {
  bool looking = false;
  std::uint64_t version = 0;
  Room room;

  void look(const PresencePage& page) {
    looking = true;
    version = page.version;
    room.clear();
    for (const auto& entry : page.entries) {
      for (const auto& meta : entry->metas)
        RC_ASSERT(room[entry->key].insert(window_of(*meta)).second);
    }
  }

  void hear(const events::PresenceDiffT& diff) {
    if (!looking) return;
    RC_ASSERT(diff.version > version);
    version = diff.version;
    for (const auto& entry : diff.leaves) {
      for (const auto& meta : entry->metas)
        RC_ASSERT(room[entry->key].erase(window_of(*meta)) == 1u);
      if (room[entry->key].empty()) room.erase(entry->key);
    }
    for (const auto& entry : diff.joins) {
      for (const auto& meta : entry->metas)
        RC_ASSERT(room[entry->key].insert(window_of(*meta)).second);
    }
  }
};

struct World {
  Presence presence;
  std::map<std::tuple<unsigned, unsigned, unsigned>, Window> model;  // (topic, client, key)
  std::map<unsigned, Watcher> watchers;                              // by topic
  std::set<std::uint64_t> refs;

  Room room(unsigned topic) const {
    Room found;
    for (const auto& [place, window] : model) {
      if (std::get<0>(place) == topic) found[std::to_string(std::get<2>(place))].insert(window);
    }
    return found;
  }

  void hear(unsigned topic, const PresenceChange& change) {
    RC_ASSERT(change.topic == topic_name(topic));
    RC_ASSERT(change.viewers == room(topic).size());
    watchers[topic].hear(change.diff);
  }

  void step(const Step& step) {
    const std::tuple place{step.topic, step.client, step.key};
    const ClientId client{.high = 9, .low = step.client};
    const std::string topic = topic_name(step.topic);
    const std::string key = std::to_string(step.key);
    const std::string value = std::to_string(step.value);
    const auto known = model.find(place);
    const bool tracked = known != model.end();
    switch (step.kind) {
      case Kind::track:
      case Kind::update: {
        const bool updates = step.kind == Kind::update;
        auto done = updates ? presence.update(client, topic, key, {{"v", value}})
                            : presence.track(client, topic, key, {{"v", value}});
        RC_ASSERT(done.has_value() == (updates == tracked));
        if (!done) break;
        RC_ASSERT(refs.insert(done->ref).second);
        const std::uint64_t previous = tracked ? std::get<0>(known->second) : 0;
        model[place] = {done->ref, previous, to_string(client), value};
        hear(step.topic, done->change);
        break;
      }
      case Kind::untrack: {
        const auto change = presence.untrack(client, topic, key);
        RC_ASSERT(change.has_value() == tracked);
        model.erase(place);
        if (change) hear(step.topic, *change);
        break;
      }
      case Kind::gone: {
        std::set<unsigned> topics;
        for (const auto& [of, window] : model) {
          if (std::get<1>(of) == step.client) topics.insert(std::get<0>(of));
        }
        std::erase_if(model, [&](const auto& item) { return std::get<1>(item.first) == step.client; });
        const auto changes = presence.client_gone(client);
        RC_ASSERT(changes.size() == topics.size());
        auto of = topics.begin();
        for (const auto& change : changes)
          hear(*of++, change);
        break;
      }
      case Kind::look:
        watchers[step.topic].look(presence.list(topic).value());
        break;
    }
  }

  void check() {
    for (unsigned topic = 0; topic < 3; ++topic) {
      const Room expected = room(topic);
      RC_ASSERT(presence.viewers(topic_name(topic)) == expected.size());
      Watcher fresh;
      fresh.look(presence.list(topic_name(topic)).value());
      RC_ASSERT(fresh.room == expected);
      if (watchers[topic].looking) RC_ASSERT(watchers[topic].room == expected);
    }
  }
};

RC_GTEST_PROP(PresenceProperty, AListAndTheDiffsAboveItsVersionAreExact, ()) {
  const auto steps = *rc::gen::container<std::vector<Step>>(any_step());
  World world;
  for (const Step& step : steps) {
    world.step(step);
    world.check();
  }
}

}  // namespace
}  // namespace ringside::agentd
