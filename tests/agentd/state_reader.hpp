// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "schema/event_check.hpp"
#include "schema/fold.hpp"
#include "shm/ring_record.hpp"

namespace ringside::agentd {

/// The one encoding that a state has.
inline std::string state_of(const schema::Fold& fold) {
  const schema::EventBuffer snapshot = fold.snapshot();
  const auto bytes = snapshot.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What a client has of a topic that it joined late: the last snapshot, and what came behind it.
template <class Reader>
class StateReader {
 public:
  /// `reader` began at a keyframe.
  template <class... Arguments>
  StateReader(schema::StateKind kind, std::uint64_t next_sequence, Arguments&&... arguments)
      : next_(next_sequence), fold_(kind), reader_(std::forward<Arguments>(arguments)...) {}

  /// At most so many events and snapshots.
  std::size_t read(std::size_t limit = ~std::size_t{0}) {
    return reader_.poll([this](const shm::Record& record) { see(record); },
                        [this](const shm::Gap& gap) { see(gap); },
                        [this](const shm::Record& record) { begin_with(record); }, limit);
  }

  [[nodiscard]] const schema::Fold& fold() const noexcept { return fold_; }
  [[nodiscard]] std::size_t gaps() const noexcept { return gaps_; }
  [[nodiscard]] std::size_t snapshots() const noexcept { return snapshots_; }
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return next_; }

 private:
  void see(const shm::Record& record) {
    EXPECT_FALSE(owed_) << "an event before the state that it changes";
    EXPECT_EQ(record.sequence, next_);
    ++next_;
    fold_.apply(*events::GetEvent(record.payload));
  }
  void see(const shm::Gap& gap) {
    EXPECT_EQ(gap.first, next_);
    EXPECT_GT(gap.count, 0U);
    next_ = gap.first + gap.count;
    owed_ = true;
    ++gaps_;
  }
  void begin_with(const shm::Record& record) {
    EXPECT_TRUE(owed_) << "a snapshot that nobody needs";
    EXPECT_EQ(record.sequence + 1, next_);
    const auto event = schema::check_event({record.payload, record.size});
    ASSERT_TRUE(event) << event.error().message;
    fold_ = schema::Fold(fold_.kind());
    fold_.apply(**event);
    owed_ = false;
    ++snapshots_;
  }

  std::uint64_t next_;
  bool owed_ = true;
  std::size_t gaps_ = 0;
  std::size_t snapshots_ = 0;
  schema::Fold fold_;
  Reader reader_;
};

}  // namespace ringside::agentd
