// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/middleware_chain.hpp"

#include <exception>

#include <fmt/format.h>

namespace ringside::agentd {

void Middleware::before_model(ModelRequest&, EventPublisher&) {}
void Middleware::after_model(const events::Message&, EventPublisher&) {}
void Middleware::on_event(const events::Event&, EventPublisher&) {}

MiddlewareChain::MiddlewareChain(const MiddlewareList& middleware, const MakePublisher& make_publisher) {
  for (const auto& each : middleware)
    links_.push_back({each, make_publisher(std::string(each->name()))});
}

std::optional<events::ErrorT> MiddlewareChain::before_model(ModelRequest& request) const {
  return ask("before_model",
             [&](Middleware& asked, EventPublisher& agent) { asked.before_model(request, agent); });
}

std::optional<events::ErrorT> MiddlewareChain::after_model(const events::Message& message) const {
  return ask("after_model",
             [&](Middleware& asked, EventPublisher& agent) { asked.after_model(message, agent); });
}

std::optional<events::ErrorT> MiddlewareChain::on_event(const events::Event& event) const {
  return ask("on_event", [&](Middleware& asked, EventPublisher& agent) { asked.on_event(event, agent); });
}

template <class Hook>
std::optional<events::ErrorT> MiddlewareChain::ask(std::string_view hook_name, Hook hook) const {
  const auto failed = [&](const Link& link, std::string_view why) {
    events::ErrorT error;
    error.type = "middleware_failed";
    error.message = fmt::format("middleware {}: {}: {}", link.middleware->name(), hook_name, why);
    return error;
  };
  for (const Link& link : links_) {
    try {
      hook(*link.middleware, *link.agent);
    } catch (const std::exception& thrown) {
      return failed(link, thrown.what());
    } catch (...) {
      return failed(link, "it threw what is no std::exception");
    }
  }
  return std::nullopt;
}

const events::Message* whole_message(const events::Event& event) noexcept {
  const auto* whole = event.payload_as_llm_message();
  if (whole == nullptr || whole->message()->role() != events::Role::assistant) return nullptr;
  const auto status = whole->message()->status();
  const bool cut_off =
      status == events::MessageStatus::cancelled || status == events::MessageStatus::stream_error;
  return cut_off ? nullptr : whole->message();
}

}  // namespace ringside::agentd
