// SPDX-License-Identifier: Apache-2.0
#include "tools/event_view.hpp"

#include <iterator>

#include <fmt/format.h>

#include <ringside/event_json.hpp>

#include "tools/event_summary.hpp"
#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

class JsonView final : public EventView {
 public:
  bool event(std::string& out, const Event& event) override {
    line_.clear();
    json_.print(line_, event);
    add_line(out);
    return true;
  }
  void gap(std::string& out, const Gap& gap) override {
    line_.clear();
    json_.print(line_, gap);
    add_line(out);
  }
  void pending(std::string&) override {}
  void end(std::string&) override {}

 private:
  void add_line(std::string& out) {
    append_visible_json(out, line_);
    out += '\n';
  }

  EventJson json_;
  std::string line_;
};

class LineView final : public EventView {
 public:
  bool event(std::string& out, const Event& event) override {
    fmt::format_to(std::back_inserter(out), "{} {} ", event.sequence(), name_of(event.kind()));
    append_summary(out, event.get());
    if (out.back() == ' ') out.pop_back();
    out += '\n';
    return true;
  }
  void gap(std::string& out, const Gap& gap) override {
    fmt::format_to(std::back_inserter(out), "{} gap count {}\n", gap.first, gap.count);
  }
  void pending(std::string&) override {}
  void end(std::string&) override {}
};

class LiveView final : public EventView {
 public:
  explicit LiveView(LiveText& text) : text_(text) {}
  bool event(std::string& out, const Event& event) override {
    text_.event(out, event.get());
    return true;
  }
  void gap(std::string& out, const Gap& gap) override { text_.gap(out, gap.first, gap.count); }
  void pending(std::string& out) override { text_.screen().note(out, "waiting for the agent to run"); }
  void end(std::string& out) override { text_.screen().end_line(out); }

 private:
  LiveText& text_;
};

}  // namespace

std::unique_ptr<EventView> make_json_view() {
  return std::make_unique<JsonView>();
}

std::unique_ptr<EventView> make_line_view() {
  return std::make_unique<LineView>();
}

std::unique_ptr<EventView> make_live_view(LiveText& text) {
  return std::make_unique<LiveView>(text);
}

}  // namespace ringside::tools
