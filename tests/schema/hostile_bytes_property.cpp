// SPDX-License-Identifier: Apache-2.0
//
// Bytes from anybody: whatever the checks accept can be printed, unpacked, encoded anew and folded into a state that
// passes them as well. Run under asan and ubsan.
#include <cstring>
#include <span>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "arbitrary_event.hpp"
#include "schema/control_codec.hpp"
#include "schema/event_check.hpp"
#include "schema/event_json.hpp"
#include "schema/fold.hpp"

namespace ringside::schema {
namespace {

constexpr int spoilt_copies = 50;

/// Changes up to eight bytes, by bits, to small numbers (which offsets, sizes and types are), or to anything.
void spoil(std::span<std::byte> bytes) {
  const int edits = *rc::gen::inRange(1, 9);
  for (int i = 0; i < edits; ++i) {
    auto& byte = bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())];
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        byte ^= static_cast<std::byte>(1 << *rc::gen::inRange(0, 8));
        break;
      case 1:
        byte = static_cast<std::byte>(*rc::gen::inRange(0, 33));
        break;
      default:
        byte = static_cast<std::byte>(*rc::gen::inRange(0, 256));
    }
  }
}

void use(const events::Event& event) {
  static EventJson json;
  std::string line;
  json.print_line(line, 1, 2, "t", event);
  const EventBuffer anew = restamp(event, 1, 1);
  RC_ASSERT(check_event(anew.bytes()).has_value());
  for (const StateKind kind : {StateKind::agent, StateKind::presence}) {
    Fold fold(kind);
    fold.apply(event);
    const EventBuffer snapshot = fold.snapshot();
    const auto checked = check_event(snapshot.bytes());
    if (!checked) RC_FAIL(checked.error().message + " in the fold of " + line);
  }
  // A line is the same event, unless it has grown beyond what a line may have.
  const auto read = json.parse_line(line);
  if (!read && line.size() <= json_line_size_max) RC_FAIL(read.error().message + " in " + line);
}

TEST(HostileBytes, ASpoiltEventIsRefusedOrCanBeUsed) {
  int accepted = 0;
  int refused = 0;
  EXPECT_TRUE(rc::check([&] {
    const EventBuffer valid = pack(testing::arbitrary_event(testing::arbitrary_kind()));
    for (int i = 0; i < spoilt_copies; ++i) {
      std::vector<std::byte> bytes(valid.bytes().begin(), valid.bytes().end());
      spoil(bytes);
      const std::size_t size = *rc::gen::weightedOneOf<std::size_t>(
          {{9, rc::gen::just(bytes.size())}, {1, rc::gen::inRange<std::size_t>(0, bytes.size())}});
      const auto copied = copy_checked(std::span(bytes).first(size));
      ++(copied ? accepted : refused);
      if (copied) use(copied->event());
    }
  }));
  EXPECT_GT(accepted, 0);
  EXPECT_GT(refused, 0);
}

RC_GTEST_PROP(HostileBytes, AnyBytesAreRefusedOrCanBeUsed, (const std::vector<std::uint8_t>& bytes)) {
  const auto copied = copy_checked(std::as_bytes(std::span(bytes)));
  if (copied) use(copied->event());
}

std::vector<std::byte> arbitrary_frame() {
  control::RequestT request;
  request.id = *rc::gen::arbitrary<std::uint64_t>();
  if (*rc::gen::arbitrary<bool>()) {
    control::StartT start;
    start.agent_id = "a";
    control::ExecOptionsT exec;
    exec.argv = {"one", "two"};
    start.runner.Set(exec);
    start.presence_topic = "conversation:1";
    request.body.Set(std::move(start));
  } else {
    control::PublishT publish;
    publish.agent_id = "a";
    publish.events.push_back(std::make_unique<control::EncodedEventT>());
    publish.events.back()->bytes = {1, 2, 3};
    request.body.Set(std::move(publish));
  }
  return *encode(request);
}

RC_GTEST_PROP(HostileBytes, ASpoiltFrameIsRefusedOrCanBeUsed, ()) {
  const std::vector<std::byte> valid = arbitrary_frame();
  for (int i = 0; i < spoilt_copies; ++i) {
    std::vector<std::byte> frame = valid;
    spoil(frame);
    (void)decode_reply(frame);
    const auto request = decode_request(frame);
    if (!request) continue;
    control::RequestT object;
    (*request)->UnPackTo(&object);
    (void)encode(object);
  }
}

}  // namespace
}  // namespace ringside::schema
