// SPDX-License-Identifier: Apache-2.0
#include "clientlib/greeting.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "clientlib/answer.hpp"
#include "clientlib/socket_place.hpp"
#include "shm/ring_layout.hpp"

namespace ringside::detail {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds beat_interval_min{100};
constexpr std::chrono::milliseconds beat_interval_max{500};

unexpected<ConnectError> refusal(ConnectFault fault, std::string message, int error_number = 0) {
  return unexpected(ConnectError{fault, error_number, std::move(message)});
}

expected<shm::Channel, ConnectError> open_channel(const std::string& path,
                                                  std::chrono::milliseconds timeout) {
  auto channel = shm::Channel::connect(path, timeout);
  if (channel) return std::move(*channel);
  const auto [fault, error] = channel.error();
  switch (fault) {
    case shm::Channel::ConnectFault::no_socket:
      return refusal(ConnectFault::no_socket, "no agentd: no socket at " + path, error);
    case shm::Channel::ConnectFault::refused:
      return refusal(ConnectFault::unreachable, path + ": nobody listens there: agentd has ended", error);
    case shm::Channel::ConnectFault::not_allowed:
      return refusal(ConnectFault::not_allowed, path + ": this user may not connect to agentd", error);
    case shm::Channel::ConnectFault::timed_out:
      return refusal(ConnectFault::timeout, path + ": agentd does not accept connections", error);
    case shm::Channel::ConnectFault::path_too_long:
      return refusal(ConnectFault::bad_options, path + ": longer than a socket's name may be", error);
    case shm::Channel::ConnectFault::failed:
      break;
  }
  return refusal(ConnectFault::system, path + ": " + std::strerror(error), error);
}

/// Sends one request and takes its answer, before there is a background thread to do it.
expected<Answer, ConnectError> exchange(shm::Channel& channel, control::RequestT request,
                                        Clock::time_point deadline) {
  const auto wait_for = [&channel, deadline](short events) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd watched{channel.descriptor().get(), events, 0};
    return left > 0 && (::poll(&watched, 1, static_cast<int>(std::min<decltype(left)>(left, 60'000))) >= 0 ||
                        errno == EINTR);
  };
  const auto frame = schema::encode(request);
  if (!frame) return refusal(ConnectFault::bad_options, "the client's name is too long");
  if (!schema::decode_request(*frame))
    return refusal(ConnectFault::bad_options, "the client's name is not UTF-8");
  for (;;) {
    const shm::Sent sent = channel.send(*frame);
    if (sent.status == shm::SendStatus::sent) break;
    if (sent.status != shm::SendStatus::would_block)
      return refusal(ConnectFault::daemon_gone, "agentd hung up on the greeting", sent.error_number);
    if (!wait_for(POLLOUT)) return refusal(ConnectFault::timeout, "agentd does not take the greeting");
  }
  Answer answer;
  answer.frame.resize(shm::channel_frame_size_max);
  for (;;) {
    shm::Received received = channel.receive(answer.frame, shm::channel_descriptors_max);
    if (received.status == shm::ReceiveStatus::would_block) {
      if (!wait_for(POLLIN)) return refusal(ConnectFault::timeout, "agentd does not answer the greeting");
      continue;
    }
    if (received.status == shm::ReceiveStatus::descriptors_refused)
      return refusal(ConnectFault::system, "agentd's descriptors could not be taken", EMFILE);
    if (received.status != shm::ReceiveStatus::frame)
      return refusal(ConnectFault::daemon_gone, "agentd hung up on the greeting", received.error_number);
    answer.frame.resize(received.size);
    for (std::size_t i = 0; i < received.descriptor_count; ++i)
      answer.descriptors.push_back(std::move(received.descriptors[i]));
    if (received.credentials) answer.sender = received.credentials->uid;
    break;
  }
  const auto reply = schema::decode_reply(answer.frame);
  if (!reply) return refusal(ConnectFault::protocol, "what answers is no agentd: " + reply.error().message);
  if ((*reply)->id() != request.id)
    return refusal(ConnectFault::protocol, "what answers is no agentd: it answers what was not asked");
  answer.reply = *reply;
  return answer;
}

/// As `body_of`, in the words of connecting.
template <class Body>
expected<const Body*, ConnectError> greeting_body(const control::Reply& reply) {
  if (const control::Error* error = reply.body_as_error()) {
    const std::string message = error->message()->str();
    if (error->code() == control::ErrorCode::unsupported_version)
      return refusal(ConnectFault::unsupported_version, message);
    if (error->code() == control::ErrorCode::not_allowed) return refusal(ConnectFault::not_allowed, message);
    return refusal(ConnectFault::refused, message);
  }
  const auto body = body_of<Body>(reply);
  if (!body) return refusal(ConnectFault::protocol, body.error().message);
  return *body;
}

std::string versions(std::uint32_t protocol, std::uint32_t layout, std::uint64_t fingerprint) {
  char text[80];
  std::snprintf(text, sizeof text, "protocol %u, layout %u (%016llx)", protocol, layout,
                static_cast<unsigned long long>(fingerprint));
  return text;
}

bool owned_by(const shm::Descriptor& descriptor, uid_t owner) noexcept {
  struct stat found {};
  return ::fstat(descriptor.get(), &found) == 0 && found.st_uid == owner;
}

bool is_doorbell(const shm::Descriptor& descriptor) noexcept {
  struct stat found {};
  const int flags = ::fcntl(descriptor.get(), F_GETFL);
  return ::fstat(descriptor.get(), &found) == 0 && S_ISFIFO(found.st_mode) && flags >= 0 &&
         (flags & O_NONBLOCK) != 0 && (flags & O_ACCMODE) == O_RDONLY;
}

struct Hello {
  uid_t daemon;
  std::string namespace_name;
  std::string daemon_version;
};

expected<Hello, ConnectError> say_hello(shm::Channel& channel, const ConnectOptions& options,
                                        const SocketPlace& place, ClientId id, Clock::time_point deadline) {
  control::HelloT hello;
  hello.protocol_version = schema::protocol_version;
  hello.layout_version = shm::ring_layout_version;
  hello.layout_fingerprint = shm::ring_fingerprint();
  hello.client_id_high = id.high;
  hello.client_id_low = id.low;
  hello.client_name = options.name.empty() ? std::string(::program_invocation_short_name) : options.name;
  control::RequestT request;
  request.id = 1;
  request.body.Set(std::move(hello));
  const auto answer = exchange(channel, std::move(request), deadline);
  if (!answer) return unexpected(answer.error());
  const auto body = greeting_body<control::HelloReply>(*answer->reply);
  if (!body) return unexpected(body.error());

  const control::HelloReply& reply = **body;
  if (reply.protocol_version() != schema::protocol_version ||
      reply.layout_version() != shm::ring_layout_version ||
      reply.layout_fingerprint() != shm::ring_fingerprint()) {
    return refusal(
        ConnectFault::unsupported_version,
        "agentd speaks " +
            versions(reply.protocol_version(), reply.layout_version(), reply.layout_fingerprint()) +
            ", this library " +
            versions(schema::protocol_version, shm::ring_layout_version, shm::ring_fingerprint()) +
            ": install the same release on both sides");
  }
  if (!answer->sender)
    return refusal(ConnectFault::untrusted, "the kernel does not say who answers at " + place.path);
  if (place.daemon && *place.daemon != *answer->sender) {
    return refusal(ConnectFault::untrusted, place.path + ": user " + std::to_string(*answer->sender) +
                                                " answers there, the folder belongs to user " +
                                                std::to_string(*place.daemon));
  }
  std::string name = reply.namespace_name()->str();
  if (!options.namespace_name.empty() && name != options.namespace_name) {
    return refusal(ConnectFault::wrong_namespace,
                   place.path + ": this agentd serves namespace " + name + ", not " + options.namespace_name);
  }
  return Hello{*answer->sender, std::move(name),
               reply.daemon_version() == nullptr ? std::string() : reply.daemon_version()->str()};
}

ConnectError page_error(const shm::SessionPageError& error) {
  const bool ours = error.fault == shm::SessionPageFault::no_memory;
  const bool version = error.fault == shm::SessionPageFault::wrong_version;
  return {ours      ? ConnectFault::system
          : version ? ConnectFault::unsupported_version
                    : ConnectFault::untrusted,
          error.error_number, "the session page that agentd sent: " + std::string(describe(error.fault))};
}

}  // namespace

std::string to_text(ClientId id) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(id.high),
                static_cast<unsigned long long>(id.low));
  return text;
}

expected<Greeted, ConnectError> greet(const ConnectOptions& options) {
  const auto deadline = Clock::now() + options.request_timeout;
  const auto place = find_socket(options);
  if (!place) return unexpected(place.error());
  ClientId id{};
  if (::getrandom(&id, sizeof id, 0) != static_cast<ssize_t>(sizeof id))
    return refusal(ConnectFault::system, "no random numbers", errno);
  auto channel = open_channel(place->path, options.request_timeout);
  if (!channel) return unexpected(channel.error());
  auto hello = say_hello(*channel, options, *place, id, deadline);
  if (!hello) return unexpected(hello.error());

  control::RequestT request;
  request.id = 2;
  request.body.Set(control::AttachT());
  auto answer = exchange(*channel, std::move(request), deadline);
  if (!answer) return unexpected(answer.error());
  const auto attach = greeting_body<control::AttachReply>(*answer->reply);
  if (!attach) return unexpected(attach.error());
  if (answer->descriptors.size() != 2)
    return refusal(ConnectFault::protocol, "agentd's answer has not the two descriptors of a session");
  // A pipe belongs to whoever made it, a memfd too.
  for (const shm::Descriptor& descriptor : answer->descriptors) {
    if (!owned_by(descriptor, hello->daemon))
      return refusal(ConnectFault::untrusted, "what agentd sent belongs to another user than agentd");
  }
  if (!is_doorbell(answer->descriptors[1]))
    return refusal(ConnectFault::protocol, "the doorbell that agentd sent is not the reading end of a pipe");
  auto page = shm::SessionPage::attach(std::move(answer->descriptors[0]));
  if (!page) return unexpected(page_error(page.error()));
  if (page->session() != (*attach)->session())
    return refusal(ConnectFault::protocol, "the session page that agentd sent is another session's");
  return Greeted{.channel = std::move(*channel),
                 .page = std::move(*page),
                 .doorbell = std::move(answer->descriptors[1]),
                 .daemon = hello->daemon,
                 .beat_interval = std::clamp(std::chrono::milliseconds((*attach)->heartbeat_interval_ms()),
                                             beat_interval_min, beat_interval_max),
                 .client_id = to_text(id),
                 .socket_path = place->path,
                 .namespace_name = std::move(hello->namespace_name),
                 .daemon_version = std::move(hello->daemon_version)};
}

}  // namespace ringside::detail
