// SPDX-License-Identifier: Apache-2.0
//
// The demo: one agent that tells about lighthouses, three viewers in processes of their own, and the grace period that
// ends the agent when the last of them has left. It shows what happens, checks it, and fails if any of it did not.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "examples/demo/stage.hpp"

namespace demo {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds time_limit{24};
constexpr milliseconds grace{2500};
constexpr milliseconds comes_back_after{1200};
constexpr Pace slow = {1500, milliseconds(100)};
constexpr int slow_pipe_size = 4096;
constexpr int interrupted_code = 130;
constexpr std::string_view topic = "conversation:lighthouse";

struct Check {
  bool passed;
  std::string text;
};

/// The scenes, in order. Each returns false when there is no point in going on.
class Demo {
 public:
  Demo(const std::filesystem::path& programs, std::string source)
      : stage_(programs, time_limit), source_(std::move(source)) {
    std::ifstream in(source_, std::ios::binary);
    chunks_ = static_cast<std::size_t>(
        std::count(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>(), '\n'));
  }

  bool play() {
    const bool whole = open() && stream() && leave() && come_back() && end();
    stage_.screen().close_columns();
    std::fputs("\nWhat you saw:\n", stdout);
    std::fflush(stdout);
    bool passed = whole;
    for (const Check& check : checks_) {
      stage_.screen().check(check.passed, check.text);
      passed = passed && check.passed;
    }
    if (!whole) stage_.screen().check(false, "the rest did not happen in time");
    return passed;
  }

 private:
  void say(std::string_view text) { stage_.screen().say(text); }
  void check(bool passed, std::string text) { checks_.push_back({passed, std::move(text)}); }

  Viewer& view(const std::string& name, std::string_view from, std::string_view caption, Pace pace = {},
               int pipe_size = 0) {
    return stage_.open(name, {"lighthouse", "--from", std::string(from), "--track", name}, caption, pace,
                       pipe_size);
  }

  [[nodiscard]] bool is_present(const std::string& name) const {
    const Answer answer = stage_.ringside({"presence", std::string(topic)});
    return answer.output.find(name) != std::string::npos;
  }
  [[nodiscard]] bool nobody_is_present() const {
    const Answer answer = stage_.ringside({"presence", std::string(topic)});
    return answer.exit_code == 0 && answer.output.empty();
  }

  bool open() {
    say("agentd starts, in a namespace of its own");
    if (!stage_.start_daemon()) return false;
    say("anna and carl watch an agent that does not run yet; carl reads slowly");
    anna_ = &view("anna", "latest", "from the start");
    carl_ = &view("carl", "oldest", "reads slowly", slow, slow_pipe_size);
    // Watching without being counted: it holds no agent alive.
    witness_ = &stage_.open("witness", {"lighthouse", "--from", "oldest"});
    if (!stage_.until([&] { return is_present("anna") && is_present("carl"); })) return false;
    say("the agent starts, and replays a recorded stream");
    const Answer started =
        stage_.ringside({"start", "lighthouse", "--runner", "replay", "--source", source_, "--presence-topic",
                         std::string(topic), "--grace", std::to_string(grace.count())});
    check(started.output == "created\n", "an agent was started, and two viewers were waiting for it");
    return started.exit_code == 0;
  }

  bool stream() {
    if (!stage_.until([&] { return anna_->events >= chunks_ * 2 / 5; })) return false;
    const std::uint64_t joined_at = anna_->last_sequence;
    say(fmt::format("ben joins in the middle, at event {}, and reads from the first", joined_at));
    ben_ = &view("ben", "oldest", "joins midway");
    std::uint64_t carl_behind = 0;
    const auto streamed = [&] {
      carl_behind = std::max(carl_behind, anna_->last_sequence - carl_->last_sequence);
      return anna_->has_message && anna_->status == "idle";
    };
    if (!stage_.until(streamed)) return false;
    say(fmt::format("the message is complete; carl is {} events behind and catches up", carl_behind));
    carl_->set_pace({});
    const auto all_have_it = [&] {
      return std::ranges::all_of(std::vector{anna_, ben_, carl_}, [](const Viewer* viewer) {
        return viewer->has_message && viewer->status == "idle";
      });
    };
    if (!stage_.until(all_have_it)) return false;
    check(anna_->in_order && anna_->first_sequence == 1 && anna_->lost == 0,
          fmt::format("anna saw all {} events from the first, in order", anna_->events));
    check(ben_->in_order && ben_->first_sequence == 1 && ben_->lost == 0,
          fmt::format("ben joined at event {} and still saw all {}", joined_at, ben_->events));
    check(carl_->in_order && carl_behind > 20,
          fmt::format("carl was {} events behind, held nobody up, and {}", carl_behind,
                      carl_->lost == 0 ? "missed nothing"
                                       : fmt::format("was told exactly which {} he missed", carl_->lost)));
    const bool same = !anna_->text.empty() && anna_->text == anna_->whole_text && ben_->text == anna_->text &&
                      (carl_->lost > 0 || carl_->text == anna_->text);
    check(same, fmt::format("each put the same {} bytes of text together again", anna_->text.size()));
    return stage_.pass_time(milliseconds(500));
  }

  bool leave() {
    say(fmt::format("they leave; {:.1f} s of grace begin", seconds(grace)));
    const std::vector codes = {ben_->leave(), carl_->leave(), anna_->leave()};
    last_leave_ = Clock::now();
    const bool left = std::ranges::all_of(codes, [](int code) { return code == interrupted_code; });
    check(left && nobody_is_present(), "all three left, and nobody was counted any more");
    return stage_.pass_time(comes_back_after);
  }

  bool come_back() {
    say("anna comes back in time");
    anna_ = &view("anna", "latest", "");
    if (!stage_.until([&] { return is_present("anna"); })) return false;
    const auto returned_after = Clock::now() - last_leave_;
    const auto past_the_old_deadline =
        std::chrono::ceil<milliseconds>(last_leave_ + grace - Clock::now()) + milliseconds(700);
    if (!stage_.pass_time(std::max(past_the_old_deadline, milliseconds(0)))) return false;
    const Answer running = stage_.ringside({"list", "--json"});
    const bool alive =
        running.output.find("\"agent\":\"lighthouse\",\"status\":\"idle\"") != std::string::npos;
    check(alive && witness_->shutdowns == 0 && returned_after < grace,
          fmt::format("anna came back after {:.1f} s, and the agent lived on past {:.1f} s",
                      seconds(returned_after), seconds(grace)));
    say("the old deadline has passed and the agent lives; anna leaves again");
    anna_->leave();
    last_leave_ = Clock::now();
    return alive;
  }

  bool end() {
    if (!stage_.until([&] { return witness_->shutdowns > 0; })) return false;
    const auto after = witness_->last_event_at - last_leave_;
    say(fmt::format("agent_shutdown: {}", witness_->shutdown_reason));
    // The leave is counted from when agentd saw it, which was a little before we knew.
    const bool in_time = after > grace - milliseconds(200);
    check(in_time && witness_->shutdown_reason == "no_viewers",
          fmt::format("{:.1f} s after she left again: agent_shutdown, {}", seconds(after),
                      witness_->shutdown_reason));
    if (!stage_.pass_time(milliseconds(300))) return false;
    check(witness_->shutdowns == 1 && witness_->last_kind == "agent_shutdown" && witness_->in_order,
          fmt::format("it was the last of {} events, and came once", witness_->events));
    check(stage_.ringside({"list"}).output.empty(), "no agent runs any more");
    check(stage_.stop_daemon() == 0, "agentd ended when it was told to");
    return true;
  }

  template <class Duration>
  static double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
  }

  Stage stage_;
  std::string source_;
  std::size_t chunks_ = 0;
  std::vector<Check> checks_;
  Viewer* anna_ = nullptr;
  Viewer* ben_ = nullptr;
  Viewer* carl_ = nullptr;
  Viewer* witness_ = nullptr;
  Clock::time_point last_leave_;
};

}  // namespace
}  // namespace demo

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: ringside-demo FOLDER-OF-PROGRAMS STREAM\n", stderr);
    return 64;
  }
  try {
    demo::watch_for_interrupts();
    return demo::Demo(argv[1], argv[2]).play() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringside-demo: %s\n", error.what());
    return 1;
  }
}
