// SPDX-License-Identifier: Apache-2.0
//
// What agentd answered.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include <ringside/error.hpp>
#include <ringside/expected.hpp>

#include "schema/control_codec.hpp"
#include "shm/descriptor.hpp"

namespace ringside::detail {

/// One reply, checked by the codec, and what came with it. `reply` points into `frame`.
struct Answer {
  std::vector<std::byte> frame;
  const control::Reply* reply = nullptr;
  std::vector<shm::Descriptor> descriptors;
  std::optional<uid_t> sender;  ///< the kernel's word
};

inline unexpected<RequestError> failure(RequestFault fault, std::string message, int error_number = 0) {
  return unexpected(RequestError{fault, error_number, std::move(message)});
}

inline unexpected<RequestError> forked_failure() {
  return failure(RequestFault::forked,
                 "this client was made by the parent process: connect again in the child");
}

inline unexpected<RequestError> gone_failure() {
  return failure(RequestFault::daemon_gone, "agentd has ended, or has closed the connection");
}

/// agentd's refusal in the words of this library.
RequestError to_request_error(const control::Error& error);

/// The body that the request calls for; a refusal, or any other body, is the error.
template <class Body>
expected<const Body*, RequestError> body_of(const control::Reply& reply) {
  if (reply.body_type() == control::ReplyBodyTraits<Body>::enum_value)
    return static_cast<const Body*>(reply.body());
  if (const control::Error* error = reply.body_as_error()) return unexpected(to_request_error(*error));
  return failure(RequestFault::protocol, std::string("agentd's answer is no answer to this request: ") +
                                             control::EnumNameReplyBody(reply.body_type()));
}

}  // namespace ringside::detail
