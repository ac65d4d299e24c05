// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <fmt/format.h>

#include "tools/commands.hpp"
#include "tools/deadline.hpp"
#include "tools/interrupts.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"
#include "tools/stat_table.hpp"

namespace ringside::tools {
namespace {

/// The terminal's other screen, keys without Enter and without echo; as before when this ends.
class FullScreen {
 public:
  FullScreen() {
    if (tcgetattr(STDIN_FILENO, &before_) == 0) {
      termios keys = before_;
      keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      has_keys_ = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
    }
    print("\x1b[?1049h\x1b[?25l");
  }
  ~FullScreen() {
    print("\x1b[?25h\x1b[?1049l");
    if (has_keys_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

  [[nodiscard]] bool has_keys() const noexcept { return has_keys_; }

  [[nodiscard]] static std::size_t rows() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 24;
    return size.ws_row;
  }

  /// Shows `text`, whose lines are no more than rows(), instead of what is there.
  static bool show(const std::string& text) {
    std::string frame = "\x1b[H";
    for (const char c : text) {
      if (c == '\n') frame += "\x1b[K";  // what was longer before
      frame += c;
    }
    return print(frame + "\x1b[J");
  }

 private:
  termios before_{};
  bool has_keys_ = false;
};

/// Until it is time for the next look. False: a signal came, or q was pressed.
bool wait_for(const Deadline& next, const Interrupts& interrupts, const FullScreen& screen) {
  pollfd watched[] = {{interrupts.fd(), POLLIN, 0}, {screen.has_keys() ? STDIN_FILENO : -1, POLLIN, 0}};
  while (!next.passed()) {
    if (poll(watched, 2, next.poll_timeout_ms()) <= 0) continue;
    if (watched[0].revents != 0) return false;
    char key = 0;
    if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q') return false;
  }
  return true;
}

ExitCode top(const Invocation& invocation, double interval_s) {
  if (isatty(STDOUT_FILENO) == 0) {
    complain("top: standard output is no terminal; `ringside stat -i 1` prints the same line by line");
    return ExitCode::usage;
  }
  const Interrupts interrupts;
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  StatTable table(true);
  std::optional<FullScreen> screen(std::in_place);
  for (;;) {
    const auto topics = client->topic_stats();
    if (!topics) {
      screen.reset();  // what is said then stays to be read
      return report("top", topics.error());
    }
    table.look(*topics);
    const std::size_t rows = FullScreen::rows();
    std::string text =
        fmt::format("ringside top: {} topics, {} events/s, {} bytes/s, {} bytes shared; q ends\n\n",
                    table.size(), short_number(table.events_per_s()), short_number(table.bytes_per_s()),
                    short_number(static_cast<double>(table.backed_bytes())));
    table.append(text, StatTable::Order::by_rate, rows - std::min<std::size_t>(rows, 4));
    if (!FullScreen::show(text)) return ExitCode::done;
    if (!wait_for(Deadline(interval_s), interrupts, *screen)) return ExitCode::done;
  }
}

}  // namespace

void add_top_command(CLI::App& app, Invocation& invocation) {
  auto interval_s = std::make_shared<double>(1);
  CLI::App* command = app.add_subcommand("top", "The busiest topics, live; q ends");
  command->add_option("-i,--interval", *interval_s, "Look every S seconds")
      ->type_name("S")
      ->check(CLI::Range(0.1, 3600.0));
  command->callback([&invocation, interval_s] {
    invocation.run = [&invocation, interval_s] { return top(invocation, *interval_s); };
  });
}

}  // namespace ringside::tools
