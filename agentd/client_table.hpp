// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include <sys/types.h>

#include "agentd/client.hpp"

namespace ringside::agentd {

/// Who is connected, and who has hung up while its living process may still read what it had pinned.
///
/// Threads: the conductor only.
/// Memory:  one who has hung up is kept until its process has ended, and counts as one of its user's sessions till then.
class ClientTable {
 public:
  Client& add(std::unique_ptr<Client> client);

  /// The client of that session, or nullptr.
  [[nodiscard]] Client* find(std::uint64_t session) const;
  /// The client of that name, or nullptr.
  [[nodiscard]] Client* find(ClientId id) const;

  /// From here on `find` knows it by this name. Requires that nobody has it.
  void name(Client& client, ClientId id);

  /// The session is over. Its memory is released now if nothing of it can be read any more, else when its process ends.
  void remove(std::uint64_t session);

  [[nodiscard]] std::size_t sessions_of(uid_t uid) const;
  [[nodiscard]] std::size_t size() const noexcept { return clients_.size(); }

  /// Calls visit(client) for all; `visit` may end sessions.
  template <class Visit>
  void each(Visit&& visit) {
    for (auto next = clients_.begin(); next != clients_.end();) {
      Client& client = *(next++)->second;
      visit(client);
    }
  }

 private:
  void died(std::uint64_t session);
  void count_down(uid_t uid);

  std::map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::map<std::uint64_t, std::unique_ptr<Client>> departed_;
  std::map<ClientId, Client*> names_;
  std::map<uid_t, std::size_t> sessions_;
};

}  // namespace ringside::agentd
