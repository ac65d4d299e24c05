// SPDX-License-Identifier: Apache-2.0
#include "agentd/process_watch.hpp"

#include <array>
#include <memory>
#include <optional>

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace ringside::agentd {
namespace {

/// A process that does nothing until it is killed.
class SleepingProcess {
 public:
  SleepingProcess() : id_(::fork()) {
    if (id_ == 0)
      for (;;)
        ::pause();
  }
  ~SleepingProcess() {
    end();
    ::waitpid(id_, nullptr, 0);
  }
  SleepingProcess(const SleepingProcess&) = delete;
  SleepingProcess& operator=(const SleepingProcess&) = delete;

  void end() const { ::kill(id_, SIGKILL); }
  [[nodiscard]] shm::Descriptor descriptor() const {
    return shm::Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, id_, 0)));
  }

 private:
  pid_t id_;
};

TEST(ProcessWatch, TellsOnceThatTheProcessHasEndedThoughNobodyHasReapedIt) {
  boost::asio::io_context context;
  const SleepingProcess process;
  ProcessWatch watch(context.get_executor());
  ASSERT_TRUE(watch.open(process.descriptor()));
  int told = 0;
  watch.wait([&told] { ++told; });
  context.poll();
  EXPECT_EQ(told, 0);
  context.restart();
  process.end();
  context.run();
  EXPECT_EQ(told, 1);
}

TEST(ProcessWatch, TellsNothingAfterItsEnd) {
  boost::asio::io_context context;
  const SleepingProcess process;
  std::optional<ProcessWatch> watch(std::in_place, context.get_executor());
  ASSERT_TRUE(watch->open(process.descriptor()));
  bool told = false;
  watch->wait([&told] { told = true; });
  watch.reset();
  process.end();
  context.run();
  EXPECT_FALSE(told);
}

// Asio gives a new descriptor the place of one that was closed, and with it the news of the old one that it has fetched from the kernel
// and not handed out yet. agentd took that for the death of a client that had just connected.
TEST(ProcessWatch, DoesNotTakeTheNewsOfAnOlderDescriptorForTheEndOfTheProcess) {
  boost::asio::io_context context;
  const SleepingProcess process;
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  auto older = std::make_unique<boost::asio::posix::stream_descriptor>(context, pipe[0]);
  older->async_wait(boost::asio::posix::descriptor_base::wait_read, [](const boost::system::error_code&) {});
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  ProcessWatch watch(context.get_executor());
  bool told = false;
  // Runs after the reactor has been asked, and before what it said is handed out.
  boost::asio::post(context, [&] {
    older.reset();
    ASSERT_TRUE(watch.open(process.descriptor()));
    watch.wait([&told] { told = true; });
  });
  context.poll();
  EXPECT_FALSE(told);
  context.restart();
  process.end();
  context.run();
  EXPECT_TRUE(told);
  ::close(pipe[1]);
}

}  // namespace
}  // namespace ringside::agentd
