// SPDX-License-Identifier: Apache-2.0
//
// Middleware that shortens a long history before the model sees it: one summary instead of all but the last messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agentd/runners/middleware.hpp"

namespace ringside::examples {

class Summarizer final : public agentd::Middleware {
 public:
  using Summarize = std::function<std::string(const std::vector<events::MessageT>&)>;

  /// A history of more than `messages_max` is shortened to the summary and its last `kept` messages.
  Summarizer(std::size_t messages_max, std::size_t kept, Summarize summarize)
      : messages_max_(messages_max), kept_(kept), summarize_(std::move(summarize)) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "Summarizer"; }

  void before_model(agentd::ModelRequest& request, agentd::EventPublisher& agent) override {
    std::vector<events::MessageT>& messages = request.messages;
    if (messages.size() <= messages_max_) return;
    const auto count = [&messages] { return R"({"messages":)" + std::to_string(messages.size()) + "}"; };
    agent.publish_action("summarization_started", count);
    const auto kept = messages.end() - static_cast<std::ptrdiff_t>(std::min(kept_, messages.size()));
    std::vector<events::MessageT> rest(std::make_move_iterator(kept),
                                       std::make_move_iterator(messages.end()));
    messages.erase(kept, messages.end());
    events::MessageT summary = system_message(summarize_(messages));
    messages.clear();
    messages.push_back(std::move(summary));
    for (events::MessageT& message : rest)
      messages.push_back(std::move(message));
    agent.publish_action("summarization_completed", count);
  }

 private:
  static events::MessageT system_message(std::string text) {
    events::MessageT message;
    message.id = "summary";
    message.role = events::Role::system;
    message.content.push_back(std::make_unique<events::ContentPartT>());
    message.content.back()->content = std::move(text);
    return message;
  }

  std::size_t messages_max_;
  std::size_t kept_;
  Summarize summarize_;
};

}  // namespace ringside::examples
