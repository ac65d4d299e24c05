// SPDX-License-Identifier: Apache-2.0
//
// The writing role: whoever has something for a topic leaves it, and one of them writes for all. Nothing is left
// behind, the order is total and causal, the books are one holder's at a time. E22, E23 of docs/memory-model.md.
// Built a second time with bounds so small that producers wait and holders hand over.
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "agentd/writing_role.hpp"
#include "tests/model/checker.hpp"
#include "tests/model/relacy_atomics.hpp"

namespace ringside::model {
namespace {

constexpr std::size_t events_max = 4;
constexpr std::size_t producers_max = 3;

struct Said : agentd::TicketNode {
  explicit Said(std::uint64_t what) noexcept : value(what) {}
  Plain<std::uint64_t> value;
};

/// As weak as the queue that the role is made for (E24): a node is found by who knows, by happens-before, that it was
/// left; nothing is promised beyond that, no order, and nothing by empty() for what it may not have seen yet.
template <bool full>
class SlotQueue {
 public:
  [[nodiscard]] bool enqueue(Said* node) noexcept {
    if (full) return false;
    slots_[node->ticket].store(node, std::memory_order::release);
    return true;
  }
  std::size_t dequeue(Said** nodes, std::size_t) noexcept {
    std::size_t count = 0;
    for (auto& slot : slots_) {
      Said* const node = slot.load(std::memory_order::acquire);
      if (node == nullptr) continue;
      slot.store(nullptr, std::memory_order::relaxed);
      nodes[count++] = node;
    }
    return count;
  }
  [[nodiscard]] bool empty() const noexcept {
    for (const auto& slot : slots_) {
      if (slot.load(std::memory_order::relaxed) != nullptr) return false;
    }
    return true;
  }

 private:
  std::array<Atomic<Said*>, events_max> slots_;
};

struct RelacyThreads {
  static std::uintptr_t current() noexcept { return static_cast<std::uintptr_t>(rl::thread_index()) + 1; }

  class Wait {
   public:
    void once() noexcept { rl::yield(1, {}); }
  };
};

/// What the holder does: the books are plain, so that two holders at once, or one that does not see what the last one
/// did, are a race.
class Books {
 public:
  void begin_drain() noexcept {}
  void end_drain() noexcept {}
  void deliver(std::unique_ptr<Said> node) noexcept {
    require(node->ticket == count_.load(), "delivered out of turn");
    write(node->value.load());
  }
  void write(std::uint64_t value) noexcept {
    const std::uint64_t count = count_.load();
    order_[count].store(value);
    last_of_[value / 100].store(value);
    count_.store(count + 1);
  }
  bool hand_over() noexcept {
    handed_over_.store(1, std::memory_order::release);
    return true;
  }

  [[nodiscard]] bool handed_over() const noexcept {
    return handed_over_.load(std::memory_order::acquire) != 0;
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(); }
  /// What was last delivered of one producer.
  [[nodiscard]] std::uint64_t last_of(unsigned producer) const noexcept { return last_of_[producer].load(); }
  /// Which delivery it was.
  [[nodiscard]] std::size_t rank_of(std::uint64_t value) const noexcept {
    for (std::size_t rank = 0; rank < count(); ++rank) {
      if (order_[rank].load() == value) return rank;
    }
    require(false, "an event was never delivered");
    return 0;
  }

 private:
  Plain<std::uint64_t> count_;
  std::array<Plain<std::uint64_t>, events_max> order_;
  std::array<Plain<std::uint64_t>, producers_max> last_of_;
  Atomic<std::uint32_t> handed_over_;
};

template <bool full_queue>
using Role = agentd::WritingRole<Said, Books, RelacyAtomics, SlotQueue<full_queue>, RelacyThreads>;

/// How a producer brings its events: by a node, or in place if that can be.
enum class Way { by_node, in_place };

template <class AnyRole>
void say(AnyRole& role, Books& books, Way way, std::uint64_t value) {
  if (way == Way::in_place && role.deliver_in_place([] { return true; }, [&] { books.write(value); })) return;
  role.submit(std::make_unique<Said>(value));
}

/// Each producer says `each` events. `flushing`: then waits until its own are delivered, and looks at the books.
/// In place: the last producer by a node nevertheless, so that the two ways meet.
template <std::uint8_t producers, int each, bool full_queue, bool flushing, Way way = Way::by_node>
struct Combining : rl::test_suite<Combining<producers, each, full_queue, flushing, way>, producers> {
  static constexpr std::uint64_t events = std::uint64_t{producers} * each;

  void before() {
    use_plain_heap();
    books = std::make_unique<Books>();
    role = std::make_unique<Role<full_queue>>(*books);
  }
  void thread(unsigned index) {
    for (int i = 0; i < each; ++i)
      say(*role, *books, index + 1 == producers ? Way::by_node : way, name(index, i));
    if (books->handed_over()) role->resume();
    if (!flushing) return;
    role->flush();
    require(books->last_of(index) == name(index, each - 1), "flush came back too early");
  }
  void after() {
    while (books->count() < events && books->handed_over())
      role->resume();
    require(books->count() == events, "an event was left behind");
    for (unsigned producer = 0; producer < producers; ++producer) {
      for (int i = 1; i < each; ++i)
        require(books->rank_of(name(producer, i - 1)) < books->rank_of(name(producer, i)),
                "one producer's events changed places");
    }
    role.reset();
    books.reset();
  }
  static constexpr std::uint64_t name(unsigned producer, int i) {
    return producer * 100 + static_cast<unsigned>(i) + 1;
  }

  std::unique_ptr<Books> books;
  std::unique_ptr<Role<full_queue>> role;
};

/// Who held the role and was not ready says nothing at all; what was left meanwhile is not left behind.
struct Unready : rl::test_suite<Unready, 2> {
  void before() {
    use_plain_heap();
    books = std::make_unique<Books>();
    role = std::make_unique<Role<false>>(*books);
  }
  void thread(unsigned index) {
    if (index == 0) {
      require(!role->deliver_in_place([] { return false; }, [] {}), "done without being ready");
    } else {
      role->submit(std::make_unique<Said>(1));
    }
  }
  void after() {
    while (books->count() < 1 && books->handed_over())
      role->resume();
    require(books->count() == 1, "an event was left behind");
    role.reset();
    books.reset();
  }

  std::unique_ptr<Books> books;
  std::unique_ptr<Role<false>> role;
};

/// What is submitted after another thread's submit() has returned is delivered after it, whoever delivers.
template <Way way>
struct Causal : rl::test_suite<Causal<way>, 3> {
  void before() {
    use_plain_heap();
    books = std::make_unique<Books>();
    role = std::make_unique<Role<false>>(*books);
  }
  void thread(unsigned index) {
    if (index == 0) {
      say(*role, *books, way, 1);
      returned.store(1, std::memory_order::release);
    } else if (index == 1) {
      after_it = returned.load(std::memory_order::acquire) != 0;
      say(*role, *books, way, 2);
    } else {
      role->submit(std::make_unique<Said>(3));
    }
  }
  void after() {
    while (books->count() < 3 && books->handed_over())
      role->resume();
    require(books->count() == 3, "an event was left behind");
    if (after_it) require(books->rank_of(1) < books->rank_of(2), "the effect came before its cause");
    role.reset();
    books.reset();
  }

  std::unique_ptr<Books> books;
  std::unique_ptr<Role<false>> role;
  Atomic<std::uint32_t> returned;
  bool after_it = false;
};

constexpr std::array models = {
    entry<Combining<2, 1, false, false>, Bounded<5>>("combine_bounded"),
    entry<Combining<3, 1, false, false>, Random<150'000>>("combine"),
    entry<Combining<2, 2, false, false>, Random<150'000>>("combine_twice"),
    entry<Combining<2, 1, false, true>, Random<150'000>>("combine_flush"),
    entry<Combining<3, 1, true, false>, Random<150'000>>("combine_without_memory"),
    entry<Causal<Way::by_node>, Random<150'000>>("combine_causally"),
    entry<Combining<2, 1, false, false, Way::in_place>, Bounded<5>>("in_place_bounded"),
    entry<Combining<3, 1, false, false, Way::in_place>, Random<150'000>>("in_place"),
    entry<Combining<2, 2, false, false, Way::in_place>, Random<150'000>>("in_place_twice"),
    entry<Combining<2, 1, false, true, Way::in_place>, Random<150'000>>("in_place_flush"),
    entry<Causal<Way::in_place>, Random<150'000>>("in_place_causally"),
    entry<Unready, Bounded<5>>("in_place_unready"),
};

}  // namespace
}  // namespace ringside::model

int main(int argc, char** argv) {
  return ringside::model::run(argc, argv, ringside::model::models);
}
