// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

namespace ringside::agentd {

/// What waits for its turn: the base of everything that is submitted to a writing role.
struct TicketNode {
  std::uint64_t ticket = 0;

 private:
  template <class Node>
  friend class ReorderBuffer;

  TicketNode* child_ = nullptr;
  TicketNode* sibling_ = nullptr;
};

/// Nodes by ticket, smallest first: a pairing heap through the nodes themselves, so that putting one in
/// allocates nothing and cannot fail. Does not own its nodes. One thread at a time.
template <class Node>
class ReorderBuffer {
 public:
  [[nodiscard]] bool empty() const noexcept { return root_ == nullptr; }

  /// Whether the smallest ticket is this one.
  [[nodiscard]] bool is_first(std::uint64_t ticket) const noexcept {
    return root_ != nullptr && root_->ticket == ticket;
  }

  void push(Node* node) noexcept {
    node->child_ = nullptr;
    node->sibling_ = nullptr;
    root_ = meld(root_, node);
  }

  /// Requires that it is not empty.
  Node* pop() noexcept {
    TicketNode* const first = root_;
    root_ = join(std::exchange(first->child_, nullptr));
    return static_cast<Node*>(first);
  }

 private:
  static TicketNode* meld(TicketNode* a, TicketNode* b) noexcept {
    if (a == nullptr) return b;
    if (b == nullptr) return a;
    if (b->ticket < a->ticket) std::swap(a, b);
    b->sibling_ = a->child_;
    a->child_ = b;
    return a;
  }

  /// Joins siblings two by two from the left, then the pairs from the right. Iterative: the list may be long.
  static TicketNode* join(TicketNode* first) noexcept {
    TicketNode* pairs = nullptr;
    while (first != nullptr) {
      TicketNode* const a = first;
      TicketNode* const b = a->sibling_;
      first = b == nullptr ? nullptr : b->sibling_;
      a->sibling_ = nullptr;
      if (b != nullptr) b->sibling_ = nullptr;
      TicketNode* const pair = meld(a, b);
      pair->sibling_ = pairs;
      pairs = pair;
    }
    TicketNode* root = nullptr;
    while (pairs != nullptr) {
      TicketNode* const next = std::exchange(pairs->sibling_, nullptr);
      root = meld(root, pairs);
      pairs = next;
    }
    return root;
  }

  TicketNode* root_ = nullptr;
};

}  // namespace ringside::agentd
