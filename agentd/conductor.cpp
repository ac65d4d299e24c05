// SPDX-License-Identifier: Apache-2.0
#include "agentd/conductor.hpp"

#include <functional>
#include <utility>

#include <boost/asio/post.hpp>

namespace ringside::agentd {

Conductor::Conductor(const Config& config, const NamespaceObjects& objects)
    : config_(config),
      topics_(
          context_, objects, incarnations_,
          {.geometry = config.ring,
           .topics_max = config.limits.topics,
           .executor = [this](std::function<void()> task) { boost::asio::post(pool_, std::move(task)); }}),
      presence_(topics_),
      agents_(context_, pool_, topics_, presence_, incarnations_, config) {}

Conductor::~Conductor() {
  pool_.stop();
  pool_.join();
}

}  // namespace ringside::agentd
