// SPDX-License-Identifier: Apache-2.0
//
// Publishes an event of one's own to a running agent's topic, from outside of agentd.
//   publish AGENT NAME TEXT
#include <iostream>
#include <string_view>

#include <ringside/client.hpp>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: publish AGENT NAME TEXT\n";
    return 64;
  }
  auto host = ringside::Client::connect();
  if (!host) {
    std::cerr << "publish: " << host.error().message << '\n';
    return 69;
  }
  const std::string_view text = argv[3];
  ringside::events::CustomT custom;
  custom.name = argv[2];
  custom.content_type = "text/plain";
  custom.data.assign(text.begin(), text.end());
  ringside::events::EventT event;
  event.payload.Set(std::move(custom));

  const auto published = host->publish(argv[1], event);
  if (!published) {
    std::cerr << "publish: " << published.error().message << '\n';
    return 1;
  }
  std::cout << "event " << published->first_sequence << " of " << argv[1] << '\n';
  return 0;
}
