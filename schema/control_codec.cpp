// SPDX-License-Identifier: Apache-2.0
#include "schema/control_codec.hpp"

#include <utility>

#include "schema/content_walk.hpp"

namespace ringside::schema {
namespace {

using control::FrameBody;

template <class Message>
expected<std::vector<std::byte>, FrameTooLarge> encode_as(const Message& message) {
  using Wire = typename Message::TableType;
  constexpr FrameBody direction = control::FrameBodyUnionTraits<Message>::enum_value;
  flatbuffers::FlatBufferBuilder builder;
  const auto body = Wire::Pack(builder, &message);
  control::FinishFrameBuffer(builder, control::CreateFrame(builder, direction, body.Union()));
  const auto bytes = std::as_bytes(builder.GetBufferSpan());
  if (bytes.size() > frame_size_max) return unexpected<FrameTooLarge>(FrameTooLarge{bytes.size()});
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

unexpected<FrameError> refused_frame(FrameFault fault, std::string message, std::uint64_t id = 0) {
  return unexpected<FrameError>(FrameError{fault, std::move(message), id});
}

FrameFault frame_fault_of(ContentFault fault) noexcept {
  switch (fault) {
    case ContentFault::bad_utf8:
      return FrameFault::bad_utf8;
    case ContentFault::unknown_enumerator:
    case ContentFault::unknown_member:
      return FrameFault::bad_value;
    case ContentFault::union_mismatch:
    case ContentFault::too_much:
      break;
  }
  return FrameFault::malformed;
}

bool is_verified_frame(std::span<const std::byte> frame) {
  flatbuffers::Verifier::Options options;
  options.max_depth = frame_depth_max;
  options.max_tables = frame_tables_max;
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(frame.data()), frame.size(), options);
  return control::VerifyFrameBuffer(verifier);
}

template <class Body>
bool known(Body body) noexcept {
  return body >= Body::MIN && body <= Body::MAX;
}

/// Both directions: `Message` is what is due, `wrong` what is said of anything else.
template <class Message>
expected<const Message*, FrameError> decode_as(std::span<const std::byte> bytes, std::string_view wrong) {
  if (bytes.size() > frame_size_max) {
    return refused_frame(FrameFault::malformed,
                         "a frame of " + std::to_string(bytes.size()) + " bytes is too large");
  }
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % frame_alignment != 0) {
    return refused_frame(FrameFault::malformed, "the frame's address is not aligned to 8 bytes");
  }
  if (!is_verified_frame(bytes)) {
    return refused_frame(FrameFault::malformed,
                         "the bytes are not a frame, or it is nested too deep or too large");
  }
  const control::Frame& frame = *control::GetFrame(bytes.data());
  const Message* message = frame.template body_as<Message>();
  if (!message) return refused_frame(FrameFault::wrong_direction, std::string(wrong));
  if (!known(message->body_type())) {
    return refused_frame(FrameFault::unknown_body,
                         "unknown body " + std::to_string(static_cast<unsigned>(message->body_type())),
                         message->id());
  }
  const auto& table = reinterpret_cast<const flatbuffers::Table&>(*message);
  if (auto error = find_content_fault(table, *Message::MiniReflectTypeTable(), content_max(bytes.size()))) {
    return refused_frame(frame_fault_of(error->fault), std::move(error->message), message->id());
  }
  return message;
}

}  // namespace

expected<std::vector<std::byte>, FrameTooLarge> encode(const control::RequestT& request) {
  return encode_as(request);
}

expected<std::vector<std::byte>, FrameTooLarge> encode(const control::ReplyT& reply) {
  return encode_as(reply);
}

expected<const control::Request*, FrameError> decode_request(std::span<const std::byte> frame) {
  return decode_as<control::Request>(frame, "not a request");
}

expected<const control::Reply*, FrameError> decode_reply(std::span<const std::byte> frame) {
  return decode_as<control::Reply>(frame, "not a reply");
}

}  // namespace ringside::schema
