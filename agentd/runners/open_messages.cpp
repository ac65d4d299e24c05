// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/open_messages.hpp"

#include <algorithm>
#include <utility>

namespace ringside::agentd {

void OpenMessages::see(const events::Event& event) {
  if (const auto* deltas = event.payload_as_llm_deltas()) {
    for (const events::MessageDelta* delta : *deltas->deltas())
      add(delta->message_id()->string_view(), delta->role(),
          [&](schema::MessageFold& fold) { fold.add(*delta); });
  } else if (const auto* whole = event.payload_as_llm_message()) {
    close(whole->message()->id()->string_view());
  }
}

void OpenMessages::see(const schema::TokenDelta& delta) {
  const auto type = delta.part == schema::TokenDelta::Part::text ? events::ContentType::text
                                                                 : events::ContentType::thinking;
  add(delta.message_id, events::Role::assistant,
      [&](schema::MessageFold& fold) { fold.add_content(delta.part_index, type, delta.text); });
}

std::vector<events::MessageT> OpenMessages::take(events::MessageStatus status) {
  std::vector<events::MessageT> messages;
  for (const Open& open : messages_)
    if (!open.forgotten) messages.push_back(open.fold.message(open.id, open.role, status));
  messages_.clear();
  size_ = 0;
  return messages;
}

template <class Grow>
void OpenMessages::add(std::string_view id, events::Role role, Grow&& grow) {
  auto open = std::ranges::find(messages_, id, &Open::id);
  if (open == messages_.end()) {
    if (messages_.size() == messages_max) return;
    open = messages_.insert(messages_.end(), Open{std::string(id), role, {}, false});
  }
  if (open->forgotten) return;
  const std::size_t before = open->fold.size();
  grow(open->fold);
  size_ += open->fold.size() - before;
  if (size_ <= size_max && open->fold.item_count() <= items_max) return;
  size_ -= open->fold.size();
  open->fold = schema::MessageFold();
  open->forgotten = true;
}

void OpenMessages::close(std::string_view id) {
  const auto open = std::ranges::find(messages_, id, &Open::id);
  if (open == messages_.end()) return;
  size_ -= open->fold.size();
  messages_.erase(open);
}

}  // namespace ringside::agentd
