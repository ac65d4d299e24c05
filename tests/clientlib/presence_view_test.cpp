// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ringside/presence.hpp>

#include "agentd/presence.hpp"
#include "clientlib/presence_entries.hpp"
#include "schema/event_buffer.hpp"
#include "schema/fold.hpp"

namespace ringside {
namespace {

using Viewers = std::map<std::string, std::vector<PresenceMeta>, std::less<>>;
/// What tells two tables apart, in an order of its own: (key, ref, previous ref, client, meta).
using Row = std::tuple<std::string, std::uint64_t, std::uint64_t, std::string, Meta>;

std::vector<Row> rows(const Viewers& viewers) {
  std::vector<Row> made;
  for (const auto& [key, windows] : viewers) {
    for (const PresenceMeta& window : windows)
      made.emplace_back(key, window.ref, window.previous_ref, window.client_id, window.meta);
  }
  std::ranges::sort(made);
  return made;
}

schema::EventBuffer to_event(const events::PresenceDiffT& diff) {
  events::EventT event;
  event.payload.Set(events::PresenceDiffT(diff));
  return schema::pack(event);
}

/// The real tables of agentd, as a list.
PresenceList list_of(const agentd::Presence& presence) {
  PresenceList list;
  std::string after;
  for (bool more = true; more;) {
    const auto page = presence.list("topic", after).value();
    list.version = page.version;
    for (const auto& entry : page.entries) {
      for (const auto& window : entry->metas) {
        PresenceMeta made{.ref = window->ref,
                          .previous_ref = window->previous_ref,
                          .client_id = window->client_id,
                          .meta = {}};
        for (const auto& pair : window->meta)
          made.meta.emplace(pair->key, pair->value);
        list.viewers[entry->key].push_back(std::move(made));
      }
      after = entry->key;
    }
    more = page.more;
  }
  return list;
}

/// One step of some client: track, update, untrack a key, or die.
std::vector<events::PresenceDiffT> step(agentd::Presence& presence) {
  const agentd::ClientId client{1, *rc::gen::inRange<std::uint64_t>(1, 4)};
  const std::string key = "key" + std::to_string(*rc::gen::inRange(0, 3));
  const agentd::PresenceValues meta = {{"n", std::to_string(*rc::gen::inRange(0, 100))}};
  std::vector<events::PresenceDiffT> diffs;
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      if (auto tracked = presence.track(client, "topic", key, meta)) diffs.push_back(tracked->change.diff);
      break;
    case 1:
      if (auto updated = presence.update(client, "topic", key, meta)) diffs.push_back(updated->change.diff);
      break;
    case 2:
      if (auto change = presence.untrack(client, "topic", key)) diffs.push_back(change->diff);
      break;
    default:
      for (const auto& change : presence.client_gone(client))
        diffs.push_back(change.diff);
      break;
  }
  return diffs;
}

RC_GTEST_PROP(PresenceView, IsTheTableAfterAListAndEveryDiff, ()) {
  agentd::Presence presence;
  std::vector<events::PresenceDiffT> diffs;
  PresenceList list = list_of(presence);
  const int steps = *rc::gen::inRange(0, 40);
  const int listed_at = *rc::gen::inRange(0, steps + 1);
  // Whatever came before the list is handed to the view too, as it is to who subscribed first and listed later.
  for (int i = 0; i < steps; ++i) {
    if (i == listed_at) list = list_of(presence);
    for (events::PresenceDiffT& diff : step(presence))
      diffs.push_back(std::move(diff));
  }
  PresenceView view(list);
  for (const events::PresenceDiffT& diff : diffs) {
    const schema::EventBuffer event = to_event(diff);
    const bool new_to_it = diff.version > list.version;
    RC_ASSERT(view.apply(*event.event().payload_as_presence_diff()) == new_to_it);
  }
  RC_ASSERT(rows(view.viewers()) == rows(list_of(presence).viewers));
}

RC_GTEST_PROP(PresenceView, IsTheTableAfterASnapshotAndEveryDiffThatFollows, ()) {
  agentd::Presence presence;
  schema::Fold fold(schema::StateKind::presence);
  std::optional<PresenceView> view;
  const int steps = *rc::gen::inRange(0, 40);
  const int joined_at = *rc::gen::inRange(0, steps + 1);
  for (int i = 0; i <= steps; ++i) {
    if (i == joined_at) {
      // Whatever the view thought before, the snapshot stands.
      const schema::EventBuffer snapshot = fold.snapshot();
      view.emplace(PresenceList{.version = 1000, .viewers = {{"ghost", {}}}});
      RC_ASSERT(view->apply(*snapshot.event().payload_as_snapshot()->presence()));
      RC_ASSERT(view->version() == fold.presence()->version());
    }
    for (const events::PresenceDiffT& diff : step(presence)) {
      const schema::EventBuffer event = to_event(diff);
      fold.apply(event.event());
      if (view) view->apply(*event.event().payload_as_presence_diff());
    }
  }
  RC_ASSERT(rows(view->viewers()) == rows(list_of(presence).viewers));
}

TEST(PresenceView, TakesADiffOnce) {
  agentd::Presence presence;
  const auto diff = presence.track({1, 1}, "topic", "key", {}).value().change.diff;
  const schema::EventBuffer event = to_event(diff);
  PresenceView view;
  EXPECT_TRUE(view.apply(*event.event().payload_as_presence_diff()));
  EXPECT_FALSE(view.apply(*event.event().payload_as_presence_diff()));
  EXPECT_EQ(view.viewers().at("key").size(), 1U);
  EXPECT_EQ(view.version(), diff.version);
  view.reset({});
  EXPECT_TRUE(view.viewers().empty());
}

}  // namespace
}  // namespace ringside
