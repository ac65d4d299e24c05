// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "events_generated.h"
#include "schema/message_fold.hpp"
#include "schema/token_delta.hpp"

namespace ringside::agentd {

/// The messages of a run of which deltas were published and no llm_message yet, in order of appearance.
/// Memory: at most `messages_max` of them, of `size_max` bytes together and `items_max` parts and calls
///         each. A message that goes beyond is forgotten: its whole would not fit in an event either, and
///         what viewers have folded stands.
class OpenMessages {
 public:
  static constexpr std::size_t messages_max = 64;
  static constexpr std::size_t items_max = 200;
  static constexpr std::size_t size_max = 4 * 1024 * 1024;

  /// Looks at an event that was published.
  void see(const events::Event& event);
  void see(const schema::TokenDelta& delta);

  /// What there is of each, with this status; afterwards none is open.
  std::vector<events::MessageT> take(events::MessageStatus status);

 private:
  struct Open {
    std::string id;
    events::Role role;
    schema::MessageFold fold;
    bool forgotten = false;
  };

  /// `grow(schema::MessageFold&)` is called with the fold of that message, unless it is forgotten.
  template <class Grow>
  void add(std::string_view id, events::Role role, Grow&& grow);
  void close(std::string_view id);

  std::list<Open> messages_;
  std::size_t size_ = 0;
};

}  // namespace ringside::agentd
