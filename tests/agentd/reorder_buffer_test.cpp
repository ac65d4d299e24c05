// SPDX-License-Identifier: Apache-2.0
#include "agentd/reorder_buffer.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ringside::agentd {
namespace {

struct Numbered : TicketNode {};

RC_GTEST_PROP(ReorderBuffer, GivesTheSmallestTicketThatItHolds, (const std::vector<std::uint16_t>& steps)) {
  ReorderBuffer<Numbered> buffer;
  std::deque<Numbered> nodes;
  std::set<std::uint64_t> model;
  for (const std::uint16_t step : steps) {
    // One step in four takes; the others put in a ticket that is not there yet.
    if (step % 4 == 0 && !model.empty()) {
      RC_ASSERT(buffer.is_first(*model.begin()));
      RC_ASSERT(buffer.pop()->ticket == *model.begin());
      model.erase(model.begin());
    } else if (model.insert(step).second) {
      nodes.emplace_back().ticket = step;
      buffer.push(&nodes.back());
    }
    RC_ASSERT(buffer.empty() == model.empty());
  }
  while (!model.empty()) {
    RC_ASSERT(buffer.pop()->ticket == *model.begin());
    model.erase(model.begin());
  }
  RC_ASSERT(buffer.empty());
}

TEST(ReorderBuffer, TakesSixtyFourThousandWithoutDepth) {
  constexpr std::size_t count = 64 * 1024;
  std::vector<Numbered> nodes(count);
  ReorderBuffer<Numbered> buffer;
  for (std::size_t i = 0; i < count; ++i) {
    nodes[i].ticket = i;
    buffer.push(&nodes[i]);
  }
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_EQ(buffer.pop()->ticket, i);
  for (std::size_t i = count; i-- > 0;)
    buffer.push(&nodes[i]);
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_EQ(buffer.pop()->ticket, i);
}

}  // namespace
}  // namespace ringside::agentd
