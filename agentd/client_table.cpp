// SPDX-License-Identifier: Apache-2.0
#include "agentd/client_table.hpp"

#include <utility>

namespace ringside::agentd {

Client& ClientTable::add(std::unique_ptr<Client> client) {
  Client& added = *client;
  const std::uint64_t session = added.session->number();
  ++sessions_[added.process->uid()];
  clients_.emplace(session, std::move(client));
  added.process->watch([this, session] { died(session); });
  return added;
}

Client* ClientTable::find(std::uint64_t session) const {
  const auto found = clients_.find(session);
  return found == clients_.end() ? nullptr : found->second.get();
}

Client* ClientTable::find(ClientId id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? nullptr : found->second;
}

void ClientTable::name(Client& client, ClientId id) {
  client.id = id;
  names_.emplace(id, &client);
}

void ClientTable::remove(std::uint64_t session) {
  const auto found = clients_.find(session);
  if (found == clients_.end()) return;
  std::unique_ptr<Client> client = std::move(found->second);
  clients_.erase(found);
  if (client->id) names_.erase(*client->id);
  client->session.reset();
  if (client->attachment != nullptr && client->attachment->pins() && client->process->can_be_watched()) {
    departed_.emplace(session, std::move(client));
    return;
  }
  if (client->attachment != nullptr) client->attachment->release();
  count_down(client->process->uid());
}

void ClientTable::died(std::uint64_t session) {
  // Its connection may outlive it: a child of it may hold the other end.
  if (Client* client = find(session)) {
    const auto open = client->session;
    open->end("its process has ended");
  }
  const auto found = departed_.find(session);
  if (found == departed_.end()) return;
  const std::unique_ptr<Client> client = std::move(found->second);
  departed_.erase(found);
  client->attachment->release();
  count_down(client->process->uid());
}

std::size_t ClientTable::sessions_of(uid_t uid) const {
  const auto found = sessions_.find(uid);
  return found == sessions_.end() ? 0 : found->second;
}

void ClientTable::count_down(uid_t uid) {
  const auto found = sessions_.find(uid);
  if (--found->second == 0) sessions_.erase(found);
}

}  // namespace ringside::agentd
