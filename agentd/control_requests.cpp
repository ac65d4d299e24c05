// SPDX-License-Identifier: Apache-2.0
#include "agentd/control_requests.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agentd/version.hpp"
#include "schema/control_codec.hpp"
#include "shm/ring_layout.hpp"

namespace ringside::agentd {

namespace {

/// Names that clients give themselves end up in the log.
constexpr std::size_t client_name_size_max = 64;

std::string versions(std::uint32_t protocol, std::uint32_t layout, std::uint64_t fingerprint) {
  return fmt::format("protocol {}, layout {} ({:016x})", protocol, layout, fingerprint);
}

std::string printable(std::string_view name) {
  std::string clean(name.substr(0, client_name_size_max));
  for (char& c : clean) {
    if (c < ' ' || c > '~') c = '?';
  }
  return clean;
}

}  // namespace

ControlRequests::ControlRequests(Conductor& conductor, ClientTable& clients)
    : conductor_(conductor), clients_(clients), heartbeats_(conductor.context(), [this](Client& client) {
        conductor_.presence().client_gone(*client.id);
        presences_changed(client, 0);
      }) {}

void ControlRequests::handle(Client& client, const control::Request& request, Responder responder) {
  using Body = control::RequestBody;
  if (!client.id && request.body_type() != Body::hello) {
    return responder.refuse({control::ErrorCode::bad_request, "the first request of a connection is hello"});
  }
  switch (request.body_type()) {
    case Body::hello:
      return hello(client, *request.body_as_hello(), std::move(responder));
    case Body::attach:
      return attach(client, std::move(responder));
    case Body::subscribe:
      return subscribe(client, *request.body_as_subscribe(), std::move(responder));
    case Body::unsubscribe:
      return unsubscribe(client, *request.body_as_unsubscribe(), std::move(responder));
    case Body::start:
      return start(client, *request.body_as_start(), std::move(responder));
    case Body::execute:
      return execute(*request.body_as_execute(), std::move(responder));
    case Body::send:
      return send(*request.body_as_send(), std::move(responder));
    case Body::resume:
      return resume(*request.body_as_resume(), std::move(responder));
    case Body::dismiss:
      return dismiss(*request.body_as_dismiss(), std::move(responder));
    case Body::cancel:
      return cancel(*request.body_as_cancel(), std::move(responder));
    case Body::touch:
      return touch(*request.body_as_touch(), std::move(responder));
    case Body::stop:
      return stop(*request.body_as_stop(), std::move(responder));
    case Body::find:
      return find(*request.body_as_find(), std::move(responder));
    case Body::list:
      return list(*request.body_as_list(), std::move(responder));
    case Body::publish:
      return publish(*request.body_as_publish(), std::move(responder));
    case Body::track:
      return track(client, *request.body_as_track(), std::move(responder));
    case Body::update:
      return update(client, *request.body_as_update(), std::move(responder));
    case Body::untrack:
      return untrack(client, *request.body_as_untrack(), std::move(responder));
    case Body::presence_list:
      return presence_list(*request.body_as_presence_list(), std::move(responder));
    case Body::topic_stats:
      return topic_stats(*request.body_as_topic_stats(), std::move(responder));
    case Body::reader_stats:
      return reader_stats(*request.body_as_reader_stats(), std::move(responder));
    case Body::NONE:
      break;
  }
  responder.refuse({control::ErrorCode::bad_request, "agentd does not know this request"});
}

void ControlRequests::hello(Client& client, const control::Hello& request, Responder responder) {
  if (client.id) return responder.refuse({control::ErrorCode::bad_request, "a connection says hello once"});
  const auto refuse = [&](control::ErrorCode code, std::string message) {
    spdlog::warn("process {} of uid {} was not let in: {}", client.process->pid(), client.process->uid(),
                 message);
    responder.refuse({code, std::move(message)});
    client.session->end_after_answers("its greeting was refused");
  };
  if (request.protocol_version() != schema::protocol_version ||
      request.layout_version() != shm::ring_layout_version ||
      request.layout_fingerprint() != shm::ring_fingerprint()) {
    return refuse(
        control::ErrorCode::unsupported_version,
        fmt::format(
            "the client speaks {}, agentd {} speaks {}: both must come from one version of Ringside",
            versions(request.protocol_version(), request.layout_version(), request.layout_fingerprint()),
            version, versions(schema::protocol_version, shm::ring_layout_version, shm::ring_fingerprint())));
  }
  if (client.surplus) {
    return refuse(
        control::ErrorCode::no_slot,
        fmt::format("uid {} has {} sessions, its limit (limits.sessions_per_uid): end one and try again",
                    client.process->uid(), conductor_.config().limits.sessions_per_uid));
  }
  const ClientId id{request.client_id_high(), request.client_id_low()};
  if (id == daemon_client)
    return refuse(control::ErrorCode::bad_request, "a client id is 128 random bits, not 0");
  if (Client* other = clients_.find(id)) {
    // A client that hung up and came back may be faster than the news of its hanging up.
    if (other->session->channel().peer_is_open()) {
      return refuse(control::ErrorCode::not_allowed, "another connection has this client id");
    }
    const auto gone = other->session;
    gone->end("the client has closed");
  }
  clients_.name(client, id);
  client.name = request.client_name() == nullptr ? "" : printable(request.client_name()->string_view());
  control::HelloReplyT reply;
  reply.protocol_version = schema::protocol_version;
  reply.layout_version = shm::ring_layout_version;
  reply.layout_fingerprint = shm::ring_fingerprint();
  reply.namespace_name = conductor_.config().namespace_name;
  reply.daemon_version = version;
  responder.send(std::move(reply));
}

void ControlRequests::attach(Client& client, Responder responder) {
  if (client.attachment != nullptr) {
    return responder.refuse(
        {control::ErrorCode::already_attached, "this connection has its session page already"});
  }
  auto attachment = Attachment::create(conductor_.context(), client.session->number());
  if (!attachment) return responder.refuse(std::move(attachment.error()));
  std::vector<shm::Descriptor> descriptors;
  descriptors.push_back((*attachment)->page_descriptor().duplicate());
  descriptors.push_back((*attachment)->doorbell_descriptor().duplicate());
  if (!descriptors[0] || !descriptors[1]) {
    return responder.refuse({control::ErrorCode::no_slot, "agentd has no descriptors left: try again later"});
  }
  client.attachment = std::move(*attachment);
  control::AttachReplyT reply;
  reply.session = client.session->number();
  reply.heartbeat_interval_ms = static_cast<std::uint32_t>(HeartbeatRounds::interval.count());
  responder.send(std::move(reply), std::move(descriptors));
}

void ControlRequests::client_left(Client& client) {
  heartbeats_.forget(client);
  if (client.id) conductor_.presence().client_gone(*client.id);
  client.presences = 0;
}

}  // namespace ringside::agentd
