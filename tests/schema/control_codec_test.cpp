// SPDX-License-Identifier: Apache-2.0
#include "schema/control_codec.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <gtest/gtest.h>

namespace ringside::schema {
namespace {

control::RequestT start_request() {
  control::StartT start;
  start.agent_id = "agent-1";
  start.inactivity_ms = 5;
  control::ReplayOptionsT replay;
  replay.source = "stream.jsonl";
  replay.speed = 2.5;
  start.runner.Set(replay);
  control::RequestT request;
  request.id = 42;
  request.body.Set(std::move(start));
  return request;
}

std::span<std::byte> find(std::vector<std::byte>& frame, std::string_view text) {
  const auto found = std::ranges::search(frame, std::as_bytes(std::span(text)));
  EXPECT_FALSE(found.empty());
  return {found.begin(), found.end()};
}

FrameError refused(std::span<const std::byte> frame) {
  const auto request = decode_request(frame);
  EXPECT_FALSE(request);
  return request ? FrameError{} : request.error();
}

TEST(ControlCodec, BringsARequestAcross) {
  const auto frame = encode(start_request());
  ASSERT_TRUE(frame);
  const auto request = decode_request(*frame);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ((*request)->id(), 42u);
  const auto* start = (*request)->body_as_start();
  ASSERT_TRUE(start);
  EXPECT_EQ(start->agent_id()->str(), "agent-1");
  EXPECT_EQ(start->runner_as_replay()->speed(), 2.5);
  EXPECT_EQ(start->grace_period_ms(), flatbuffers::nullopt);
  EXPECT_EQ(start->inactivity_ms(), 5u);
}

TEST(ControlCodec, BringsAReplyAcross) {
  control::ErrorT error;
  error.code = control::ErrorCode::no_such_agent;
  error.message = "no agent named \"x\"";
  control::ReplyT reply;
  reply.id = 43;
  reply.body.Set(error);
  const auto frame = encode(reply);
  ASSERT_TRUE(frame);
  const auto decoded = decode_reply(*frame);
  ASSERT_TRUE(decoded);
  EXPECT_EQ((*decoded)->body_as_error()->code(), control::ErrorCode::no_such_agent);
}

TEST(ControlCodec, RefusesAFrameOfTheOtherDirection) {
  EXPECT_EQ(decode_reply(*encode(start_request())).error().fault, FrameFault::wrong_direction);
  control::ReplyT reply;
  reply.body.Set(control::OkT());
  EXPECT_EQ(refused(*encode(reply)).fault, FrameFault::wrong_direction);
  EXPECT_EQ(refused(*encode(reply)).message, "not a request");
}

TEST(ControlCodec, RefusesToEncodeWhatNoFrameHolds) {
  control::SendT send;
  send.agent_id = "a";
  send.text = std::string(frame_size_max, 'x');
  control::RequestT request;
  request.body.Set(send);
  const auto frame = encode(request);
  ASSERT_FALSE(frame);
  EXPECT_GT(frame.error().size, frame_size_max);
}

TEST(ControlCodec, RefusesAFrameThatIsTooLargeBeforeItLooksInside) {
  const std::vector<std::byte> zeros(frame_size_max + 1);
  EXPECT_EQ(refused(zeros).message, "a frame of 65537 bytes is too large");
}

TEST(ControlCodec, RefusesWhatIsNotAFrame) {
  EXPECT_EQ(refused({}).fault, FrameFault::malformed);
  EXPECT_EQ(refused(std::vector<std::byte>(64)).fault, FrameFault::malformed);
}

TEST(ControlCodec, RefusesEveryBeginningOfAFrame) {
  const auto frame = *encode(start_request());
  for (std::size_t size = 0; size + frame_alignment <= frame.size(); ++size) {
    EXPECT_FALSE(decode_request(std::span(frame).first(size))) << size;
  }
}

TEST(ControlCodec, RefusesAnAddressThatIsNotAligned) {
  const auto frame = *encode(start_request());
  std::vector<std::byte> shifted(frame.size() + 4);
  std::memcpy(shifted.data() + 4, frame.data(), frame.size());
  EXPECT_EQ(refused(std::span(shifted).subspan(4)).message, "the frame's address is not aligned to 8 bytes");
}

TEST(ControlCodec, NamesTheRequestThatItDoesNotKnow) {
  auto frame = *encode(start_request());
  auto* body = const_cast<void*>(control::GetFrame(frame.data())->body());
  *static_cast<flatbuffers::Table*>(body)->GetAddressOf(control::Request::VT_BODY_TYPE) = 250;
  const FrameError error = refused(frame);
  EXPECT_EQ(error.fault, FrameFault::unknown_body);
  EXPECT_EQ(error.message, "unknown body 250");
  EXPECT_EQ(error.id, 42u);
}

TEST(ControlCodec, NamesTheStringThatIsNotUtf8AndTheRequestItIsIn) {
  auto frame = *encode(start_request());
  find(frame, "stream.jsonl")[3] = std::byte{0xff};
  const FrameError error = refused(frame);
  EXPECT_EQ(error.fault, FrameFault::bad_utf8);
  EXPECT_EQ(error.message, "body.runner.source is not valid UTF-8");
  EXPECT_EQ(error.id, 42u);
}

TEST(ControlCodec, HoldsAPageOfManyEntries) {
  control::PresenceListReplyT page;
  for (int i = 0; i < 300; ++i) {
    auto entry = std::make_unique<events::PresenceEntryT>();
    entry->key = "user-" + std::to_string(i);
    auto meta = std::make_unique<events::PresenceMetaT>();
    for (const char* key : {"user_name", "joined_at"}) {
      auto pair = std::make_unique<events::KeyValueT>();
      pair->key = key;
      pair->value = "x";
      meta->meta.push_back(std::move(pair));
    }
    entry->metas.push_back(std::move(meta));
    page.entries.push_back(std::move(entry));
  }
  control::ReplyT reply;
  reply.body.Set(std::move(page));
  const auto frame = encode(reply);
  ASSERT_TRUE(frame) << frame.error().size;
  const auto decoded = decode_reply(*frame);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ((*decoded)->body_as_presence_list()->entries()->size(), 300u);
}

/// 64 KiB that would make the daemon copy 200 MiB.
TEST(ControlCodec, RefusesToFollowTheSameBytesOverAndOver) {
  flatbuffers::FlatBufferBuilder builder;
  const auto bytes = builder.CreateVector(std::vector<std::uint8_t>(32 * 1024));
  std::vector<flatbuffers::Offset<control::EncodedEvent>> events;
  for (int i = 0; i < 1000; ++i)
    events.push_back(control::CreateEncodedEvent(builder, bytes));
  const auto publish =
      control::CreatePublish(builder, builder.CreateString("a"), builder.CreateVector(events));
  const auto request = control::CreateRequest(builder, 1, control::RequestBody::publish, publish.Union());
  control::FinishFrameBuffer(builder,
                             control::CreateFrame(builder, control::FrameBody::request, request.Union()));
  const auto span = std::as_bytes(builder.GetBufferSpan());
  const FrameError error = refused(std::vector<std::byte>(span.begin(), span.end()));
  EXPECT_EQ(error.fault, FrameFault::malformed);
  EXPECT_NE(error.message.find("refers to the same bytes too often"), std::string::npos) << error.message;
}

}  // namespace
}  // namespace ringside::schema
