// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/forking_thread.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <pthread.h>
#include <signal.h>

namespace ringside::agentd {
namespace {

class ForkingThread {
 public:
  ForkingThread() {
    // It takes no signals: those of the daemon belong to threads that wait for them.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { serve(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void run(const std::function<void()>& work) {
    const std::scoped_lock one_at_a_time(callers_);
    std::unique_lock lock(mutex_);
    work_ = &work;
    changed_.notify_all();
    changed_.wait(lock, [&] { return work_ == nullptr; });
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return work_ != nullptr; });
      (*work_)();
      work_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex callers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* work_ = nullptr;
};

}  // namespace

void on_forking_thread(const std::function<void()>& work) {
  // Never destroyed: its thread uses it until the process ends.
  static auto* const thread = new ForkingThread;
  thread->run(work);
}

}  // namespace ringside::agentd
