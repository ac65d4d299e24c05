// SPDX-License-Identifier: Apache-2.0
//
// A topic's whole presence from the pages of one version.
#include <chrono>
#include <set>
#include <utility>

#include <ringside/client.hpp>

#include "clientlib/presence_entries.hpp"
#include "clientlib/session.hpp"

namespace ringside {
namespace {

using detail::failure;
using detail::Session;

struct Page {
  bool more;
  std::string last_key;
};

expected<detail::Answer, RequestError> ask_page(Session& session, std::string_view topic,
                                                const std::string& after, std::uint64_t version) {
  control::PresenceListT table;
  table.topic = topic;
  table.after = after;
  table.version = version;
  control::RequestT request;
  request.body.Set(std::move(table));
  return session.ask(std::move(request));
}

/// Adds a page to the list. `after` is the last key so far.
expected<Page, RequestError> add_page(const control::PresenceListReply& page, std::string after,
                                      PresenceList& list) {
  std::set<std::string_view> stale;
  if (page.stale() != nullptr) {
    for (const flatbuffers::String* client : *page.stale())
      stale.insert(client->string_view());
  }
  for (const events::PresenceEntry* entry : *page.entries()) {
    std::string key = entry->key()->str();
    if (key <= after && !(after.empty() && key.empty()))
      return failure(RequestFault::protocol, "agentd's list of viewers is not in order");
    std::vector<PresenceMeta>& windows = list.viewers[key];
    for (const events::PresenceMeta* window : *entry->metas()) {
      windows.push_back(detail::to_meta(*window));
      windows.back().stale = stale.contains(windows.back().client_id);
    }
    after = std::move(key);
  }
  return Page{page.more() && page.entries()->size() != 0, std::move(after)};
}

}  // namespace

expected<PresenceList, RequestError> Client::presence_list(std::string_view topic) {
  const auto deadline = std::chrono::steady_clock::now() + session_->connection().request_timeout();
  PresenceList list;
  std::string after;
  for (bool first = true;;) {
    const auto answer = ask_page(*session_, topic, after, first ? 0 : list.version);
    if (!answer) return unexpected(answer.error());
    const control::Error* error = answer->reply->body_as_error();
    if (error != nullptr && error->code() == control::ErrorCode::list_moved && !first) {
      // The table changed between two pages: from the beginning, with a version of its own.
      if (std::chrono::steady_clock::now() > deadline)
        return failure(RequestFault::timeout, "the list of viewers changes faster than it can be read");
      list = {};
      after.clear();
      first = true;
      continue;
    }
    const auto body = detail::body_of<control::PresenceListReply>(*answer->reply);
    if (!body) return unexpected(body.error());
    if (!first && (*body)->version() != list.version)
      return failure(RequestFault::protocol, "agentd's list of viewers mixes versions");
    list.version = (*body)->version();
    first = false;
    auto page = add_page(**body, std::move(after), list);
    if (!page) return unexpected(page.error());
    if (!page->more) return list;
    after = std::move(page->last_key);
  }
}

}  // namespace ringside
