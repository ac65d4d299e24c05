// SPDX-License-Identifier: Apache-2.0
//
// As small as a user can be: where no agentd is, it is told so.
#include <iostream>

#include <ringside/client.hpp>

int main() {
  const auto client = ringside::Client::connect({.socket = "/nonexistent/ringside/control.sock"});
  if (client) return 1;
  std::cout << client.error().message << '\n';
  return client.error().fault == ringside::ConnectFault::no_socket ? 0 : 1;
}
