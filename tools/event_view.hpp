// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <ringside/event.hpp>
#include <ringside/subscription.hpp>

#include "tools/live_text.hpp"

namespace ringside::tools {

/// How a stream of events is shown. Each call appends whole pieces of output to `out`.
class EventView {
 public:
  virtual ~EventView() = default;
  /// False if it was left out.
  virtual bool event(std::string& out, const Event& event) = 0;
  virtual void gap(std::string& out, const Gap& gap) = 0;
  /// The topic's agent does not run now.
  virtual void pending(std::string& out) = 0;
  /// Nothing more will come.
  virtual void end(std::string& out) = 0;
};

/// `tail --json`: one event a line.
std::unique_ptr<EventView> make_json_view();

/// For a pipe: one plain line an event, `SEQUENCE KIND SUMMARY`.
std::unique_ptr<EventView> make_line_view();

/// For a terminal: the text as it grows. `text` outlives the view.
std::unique_ptr<EventView> make_live_view(LiveText& text);

}  // namespace ringside::tools
