// SPDX-License-Identifier: Apache-2.0
#include "schema/open_calls_fold.hpp"

#include <algorithm>
#include <string>

#include "schema/text_view.hpp"

namespace ringside::schema {
namespace {

std::size_t size_of(const events::ToolCallT& tool) {
  return sizeof(FoldedCall) + tool.call_id.size() + tool.name.size() + tool.arguments.size() +
         tool.display_text.size();
}

void replace_unless_empty(std::string& place, const flatbuffers::String* text) {
  if (const std::string_view told = text_view(text); !told.empty()) place = told;
}

/// What is told anew replaces; what is not told again stands. Arguments go with the status that says what they are.
void tell(events::ToolCallT& known, const events::ToolCall& tool) {
  known.index = tool.index();
  replace_unless_empty(known.call_id, tool.call_id());
  replace_unless_empty(known.name, tool.name());
  replace_unless_empty(known.display_text, tool.display_text());
  const bool complete = tool.status() == events::ToolCallStatus::complete;
  if (!complete && text_view(tool.arguments()).empty()) return;
  known.status = tool.status();
  known.arguments = text_view(tool.arguments());
}

}  // namespace

void OpenCallsFold::identified(const events::ToolCall& tool) {
  upsert(tool);
}

void OpenCallsFold::started(const events::ToolCall& tool) {
  if (FoldedCall* call = upsert(tool)) call->phase = events::CallPhase::executing;
}

void OpenCallsFold::interrupted(std::string_view call_id, std::string_view display_text) {
  const auto call = find(call_id);
  if (call == calls_.end()) return;
  call->phase = events::CallPhase::interrupted;
  if (display_text.empty()) return;
  size_ -= size_of(call->tool);
  call->tool.display_text = display_text;
  size_ += size_of(call->tool);
  if (size_ > size_max) erase(call);
}

void OpenCallsFold::ended(std::string_view call_id) {
  if (const auto call = find(call_id); call != calls_.end()) erase(call);
}

void OpenCallsFold::keep_interrupted() {
  const auto dropped = std::ranges::remove_if(
      calls_, [](const FoldedCall& call) { return call.phase != events::CallPhase::interrupted; });
  calls_.erase(dropped.begin(), dropped.end());
  size_ = 0;
  for (const FoldedCall& call : calls_)
    size_ += size_of(call.tool);
}

void OpenCallsFold::clear() noexcept {
  calls_.clear();
  size_ = 0;
}

void OpenCallsFold::restore(const flatbuffers::Vector<flatbuffers::Offset<events::OpenCall>>* calls) {
  clear();
  if (calls == nullptr) return;
  for (const events::OpenCall* open : *calls) {
    FoldedCall call;
    open->tool()->UnPackTo(&call.tool);
    call.phase = open->phase();
    size_ += size_of(call.tool);
    calls_.push_back(std::move(call));
  }
}

OpenCallsFold::Calls::iterator OpenCallsFold::find(std::string_view call_id) {
  return std::ranges::find_if(calls_, [&](const FoldedCall& call) { return call.tool.call_id == call_id; });
}

OpenCallsFold::Calls::iterator OpenCallsFold::find(const events::ToolCall& tool) {
  const std::string_view call_id = text_view(tool.call_id());
  if (!call_id.empty()) {
    if (const auto known = find(call_id); known != calls_.end()) return known;
  }
  const auto same_index = std::ranges::find_if(calls_.rbegin(), calls_.rend(), [&](const FoldedCall& call) {
    return call.tool.index == tool.index() && (call_id.empty() || call.tool.call_id.empty());
  });
  return same_index == calls_.rend() ? calls_.end() : std::prev(same_index.base());
}

FoldedCall* OpenCallsFold::upsert(const events::ToolCall& tool) {
  auto call = find(tool);
  if (call == calls_.end()) {
    if (calls_.size() == calls_max) return nullptr;
    call = calls_.emplace(call);
  } else {
    size_ -= size_of(call->tool);
  }
  tell(call->tool, tool);
  size_ += size_of(call->tool);
  if (size_ <= size_max) return &*call;
  erase(call);
  return nullptr;
}

void OpenCallsFold::erase(Calls::iterator call) {
  size_ -= size_of(call->tool);
  calls_.erase(call);
}

}  // namespace ringside::schema
