// SPDX-License-Identifier: Apache-2.0
//
// Middleware that names a conversation after the first message of its assistant's.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "agentd/runners/middleware.hpp"

namespace ringside::examples {

class TitleMaker final : public agentd::Middleware {
 public:
  /// `make_title(text)` must not take long. Where a model makes the title, call it on a thread of its own and
  /// publish from there: `agent.shared_from_this()` may be kept.
  explicit TitleMaker(std::function<std::string(const std::string&)> make_title)
      : make_title_(std::move(make_title)) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "TitleMaker"; }

  void after_model(const events::Message& message, agentd::EventPublisher& agent) override {
    const std::string text = text_of(message);
    if (text.empty() || std::exchange(made_, true)) return;
    agent.publish_action("title_generation_started", [] { return "{}"; });
    try {
      events::ConversationTitleGeneratedT title;
      title.title = make_title_(text);
      events::PayloadUnion payload;
      payload.Set(std::move(title));
      agent.publish_event(std::move(payload));
      agent.publish_action("title_generation_completed", [] { return "{}"; });
    } catch (const std::exception&) {  // a conversation without a title is no failure of its run
      agent.publish_action("title_generation_failed", [] { return "{}"; });
    }
  }

 private:
  static std::string text_of(const events::Message& message) {
    std::string text;
    if (message.content() == nullptr) return text;
    for (const events::ContentPart* part : *message.content())
      if (part->type() == events::ContentType::text && part->content() != nullptr)
        text += part->content()->string_view();
    return text;
  }

  std::function<std::string(const std::string&)> make_title_;
  bool made_ = false;
};

}  // namespace ringside::examples
