// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <ringside/event_json.hpp>

#include "tools/live_text.hpp"

namespace ringside::tools {

template <class Payload>
std::vector<std::uint8_t> packed(Payload payload) {
  events::EventT event;
  event.payload.Set(std::move(payload));
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(events::Event::Pack(builder, &event));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

/// The live text of a topic, agent ada's unless it is said, and all that it has shown.
class LiveStage {
 public:
  explicit LiveStage(bool colours = false, const std::string& agent = "ada")
      : live_(Palette(colours), agent) {}

  template <class Payload>
  LiveStage& show(Payload payload) {
    const auto bytes = packed(std::move(payload));
    live_.event(text_, *flatbuffers::GetRoot<events::Event>(bytes.data()));
    return *this;
  }
  /// An event as an event line says it.
  LiveStage& tell(const std::string& kind, const std::string& payload) {
    const auto event =
        json_.parse(R"({"kind":")" + kind + R"(","incarnation":7,"run":2,"event":)" + payload + "}");
    if (!event) throw std::invalid_argument(kind + ": " + event.error().message);
    live_.event(text_, *events::GetEvent(event->data()));
    return *this;
  }
  LiveStage& gap(std::uint64_t first, std::uint64_t count) {
    live_.gap(text_, first, count);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  EventJson json_;
  LiveText live_;
  std::string text_;
};

}  // namespace ringside::tools
