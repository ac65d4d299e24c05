// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agentd/runners/middleware.hpp"
#include "events_generated.h"

namespace ringside::agentd {

/// The middleware of one agent, asked in order. A hook that throws ends the asking: its error is returned.
class MiddlewareChain {
 public:
  using MakePublisher = std::function<std::shared_ptr<EventPublisher>(std::string middleware)>;

  MiddlewareChain() = default;
  MiddlewareChain(const MiddlewareList& middleware, const MakePublisher& make_publisher);

  [[nodiscard]] bool empty() const noexcept { return links_.empty(); }

  std::optional<events::ErrorT> before_model(ModelRequest& request) const;
  std::optional<events::ErrorT> after_model(const events::Message& message) const;
  std::optional<events::ErrorT> on_event(const events::Event& event) const;

 private:
  struct Link {
    std::shared_ptr<Middleware> middleware;
    std::shared_ptr<EventPublisher> agent;
  };

  template <class Hook>
  std::optional<events::ErrorT> ask(std::string_view hook_name, Hook hook) const;

  std::vector<Link> links_;
};

/// The model's message that an event brings whole; nullptr for any other event, and for what was cut off.
const events::Message* whole_message(const events::Event& event) noexcept;

}  // namespace ringside::agentd
