// SPDX-License-Identifier: Apache-2.0
#include "agentd/log_sink.hpp"

#include <array>
#include <memory>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <spdlog/logger.h>

namespace ringside::agentd {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int write_end() const { return ends_[1]; }
  std::string read_all() {
    std::string all;
    std::array<char, 65536> buffer{};
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    for (ssize_t size = 0; (size = ::read(ends_[0], buffer.data(), buffer.size())) > 0;) {
      all.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return all;
  }

 private:
  std::array<int, 2> ends_{};
};

std::unique_ptr<spdlog::logger> logger_to(int descriptor) {
  auto logger = std::make_unique<spdlog::logger>("test", std::make_shared<LogSink>(descriptor));
  logger->set_pattern("%v");
  return logger;
}

TEST(LogSink, WritesWholeLines) {
  Pipe pipe;
  auto logger = logger_to(pipe.write_end());
  logger->info("one");
  logger->warn("two");
  EXPECT_EQ(pipe.read_all(), "one\ntwo\n");
}

TEST(LogSink, WritesOneLineForAMessageWhateverNamesAreInIt) {
  Pipe pipe;
  auto logger = logger_to(pipe.write_end());
  logger->info("agent a\nb\x1b[2J\x7f\t\u00e9: started");
  EXPECT_EQ(pipe.read_all(), "agent a\\x0ab\\x1b[2J\\x7f\\x09\u00e9: started\n");
}

TEST(LogSink, NeverWaitsForAReaderThatSleepsAndSaysHowManyLinesThatCost) {
  Pipe pipe;
  auto logger = logger_to(pipe.write_end());
  const std::string line(1023, 'x');
  for (int i = 0; i < 200; ++i)
    logger->info(line);  // a pipe holds 64 KiB: this would block for ever
  const std::size_t passed = pipe.read_all().size() / 1024;
  EXPECT_LT(passed, 200U);
  logger->info("awake");
  EXPECT_EQ(pipe.read_all(),
            "agentd: " + std::to_string(200 - passed) + " log lines were lost: nobody read them\nawake\n");
}

TEST(LogSink, CutsALineThatAPipeMightNotTakeAtOnce) {
  Pipe pipe;
  auto logger = logger_to(pipe.write_end());
  logger->info(std::string(10000, 'x'));
  const std::string seen = pipe.read_all();
  EXPECT_EQ(seen.size(), 4096U);
  EXPECT_EQ(seen.back(), '\n');
}

}  // namespace
}  // namespace ringside::agentd
