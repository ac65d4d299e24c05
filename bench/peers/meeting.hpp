// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

namespace ringside::bench {

/// Where two processes of a run wait for each other, asleep: a peer's own threads may need the core. Lies in shared
/// memory, made before they fork.
class Meeting {
 public:
  Meeting() {
    pthread_barrierattr_t attributes;
    pthread_barrierattr_init(&attributes);
    pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&barrier_, &attributes, 2);
    pthread_barrierattr_destroy(&attributes);
  }
  Meeting(const Meeting&) = delete;
  Meeting& operator=(const Meeting&) = delete;

  /// Returns once both have come; then it can be used again. What either wrote before, the other sees after.
  void meet() { pthread_barrier_wait(&barrier_); }

 private:
  pthread_barrier_t barrier_;
};

}  // namespace ringside::bench
