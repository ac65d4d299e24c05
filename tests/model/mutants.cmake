# SPDX-License-Identifier: Apache-2.0
#
# What the models must not survive: each order and fence of the shipped code one step weaker, and the variants of it
# that look as good and are wrong. Named after the edge of docs/memory-model.md that they break.

set(pins shm/ring_pins.hpp)
set(reader shm/ring_reader.hpp)
set(reader_keyframe shm/ring_reader_keyframe.hpp)
set(search shm/ring_search.hpp)
set(subscribers shm/ring_subscribers.hpp)
set(writer shm/ring_writer.hpp)
set(roll shm/ring_writer_roll.hpp)
set(writer_keyframe shm/ring_writer_keyframe.hpp)
set(copying shm/copying_reader.hpp)
set(pool shm/ring_pool.hpp)
set(large shm/large_segments.hpp)
set(doorbell shm/doorbell.hpp)
set(role agentd/writing_role_combining.hpp)

# E1: commit word, and the cleared place behind it.
ringside_mutant(e1_commit_relaxed model_link follow ${writer}
  "store(commit_word(at.sequence, size), std::memory_order::release)" relaxed)
ringside_mutant(e1_commit_read_relaxed model_link follow ${reader}
  "const std::uint64_t word = segment_.word(offset_).load(std::memory_order::acquire)" relaxed)
ringside_mutant(e1_next_place_not_cleared model_link follow ${writer}
  "reserved.segment.word(next).store(0, std::memory_order::relaxed)" skip)
ringside_mutant(e1_link_relaxed model_link follow ${roll}
  "store(link_word(sequence_, index), std::memory_order::release)" relaxed)
ringside_rewritten_executable(mutant_e1_cleared_after_commit link_model.cpp
  ${writer} "    reserved.segment.word(next).store(0, std::memory_order::relaxed);\n" ""
  ${writer} "    return at.sequence;\n"
            "    at.segment.word(next_place(at.place, size)).store(0, std::memory_order::release);
    return at.sequence;\n")
ringside_model_test(mutant.e1_cleared_after_commit mutant_e1_cleared_after_commit follow --must-fail)

# E2: withdraw, then scan | pin, then check.
ringside_mutant(e2_pin_release model_pins recycle ${pins} "store(generation, std::memory_order::seq_cst)" release)
ringside_mutant(e2_check_acquire model_pins recycle ${reader}
  "view_.generation(target.index).load(std::memory_order::seq_cst)" acquire)
ringside_mutant(e2_withdrawal_release model_pins recycle ${roll} "store(0, std::memory_order::seq_cst)" release)
ringside_mutant(e2_withdrawal_left_out model_pins recycle ${roll} "store(0, std::memory_order::seq_cst)" skip)
ringside_mutant(e2_scan_acquire model_pins recycle ${subscribers} ".load(std::memory_order::seq_cst)" acquire)
ringside_rewritten_executable(mutant_e2_pin_not_checked pins_model.cpp
  ${reader} "if (view_.generation(target.index).load(std::memory_order::seq_cst) != target.generation) {"
            "if (false) {")
ringside_model_test(mutant.e2_pin_not_checked mutant_e2_pin_not_checked recycle --must-fail)
ringside_rewritten_executable(mutant_e2_checked_before_pin pins_model.cpp
  ${reader} "  pins_.enter(target.generation);\n"
            "  const std::uint64_t seen = view_.generation(target.index).load(std::memory_order::seq_cst);
  pins_.enter(target.generation);\n"
  ${reader} "if (view_.generation(target.index).load(std::memory_order::seq_cst) != target.generation) {"
            "if (seen != target.generation) {")
ringside_model_test(mutant.e2_checked_before_pin mutant_e2_checked_before_pin recycle --must-fail)
ringside_rewritten_executable(mutant_e2_scanned_before_withdrawal pins_model.cpp
  ${roll} "  const RingPool::Live oldest = pool_.set_aside_oldest();\n"
          "  const RingPool::Live oldest = pool_.set_aside_oldest();\n  reclaim();\n")
ringside_model_test(mutant.e2_scanned_before_withdrawal mutant_e2_scanned_before_withdrawal recycle --must-fail)
# A pin that moves: what is held is copied to the other word, and the cursor takes its first one along.
ringside_rewritten_executable(mutant_e2_moving_pin pins_model.cpp
  ${pins} "    words_[word].store(generation, std::memory_order::seq_cst);\n"
          "    if (word == 1) {
      words_[1 ^ moved_].store(words_[moved_].load(std::memory_order::relaxed), std::memory_order::seq_cst);
      moved_ ^= 1;
    }
    words_[word ^ moved_].store(generation, std::memory_order::seq_cst);\n"
  ${pins} "words_[word].store(0, std::memory_order::release)"
          "words_[word ^ moved_].store(0, std::memory_order::release)"
  ${pins} "  std::uint32_t held_segments_ = 0;\n" "  std::uint32_t held_segments_ = 0;\n  std::uint32_t moved_ = 0;\n")
ringside_model_test(mutant.e2_moving_pin mutant_e2_moving_pin hold --must-fail)

# E3: a new generation brings its first sequence and its cleared first word.
ringside_mutant(e3_open_relaxed model_pins recycle ${roll} "store(generation, std::memory_order::release)" relaxed)
ringside_mutant(e3_open_relaxed_copying model_copying copy ${roll}
  "store(generation, std::memory_order::release)" relaxed)
ringside_mutant(e3_first_word_not_cleared model_pins recycle ${roll} "segment_.word(0).store(0" skip)
ringside_mutant(e3_check_relaxed model_pins recycle ${reader}
  "view_.generation(target.index).load(std::memory_order::seq_cst)" relaxed)
ringside_mutant(e3_table_walk_relaxed model_copying find_oldest ${search} "load(std::memory_order::acquire)" relaxed)

# E4: unpin.
ringside_mutant(e4_unpin_relaxed model_pins recycle ${pins} "store(0, std::memory_order::release)" relaxed)
ringside_mutant(e4_scan_relaxed model_pins recycle ${subscribers} ".load(std::memory_order::seq_cst)" relaxed)

# E5: recycling under who copies.
ringside_mutant(e5_writer_without_fence model_copying copy ${roll} "Atomics::fence(std::memory_order::release)" relaxed)
ringside_mutant(e5_writer_without_fence_oldest model_copying find_oldest ${roll}
  "Atomics::fence(std::memory_order::release)" relaxed)
ringside_mutant(e5_copier_without_fence model_copying copy ${copying}
  "    Atomics::fence(std::memory_order::acquire)" relaxed)
ringside_mutant(e5_oldest_without_fence model_copying find_oldest ${copying}
  "View::Atomics::fence(std::memory_order::acquire)" relaxed)
ringside_mutant(e5_lapped_relaxed model_copying copy ${copying}
  "view_.generation(index_).load(std::memory_order::acquire)" relaxed)
ringside_rewritten_executable(mutant_e5_end_not_checked copying_model.cpp
  ${copying} "      if (!still_here()) {
        state_ = ReaderState::lost;
        continue;
      }
      if (word == 0) break;\n"
             "      if (word == 0) break;
      if (!still_here()) {
        state_ = ReaderState::lost;
        continue;
      }\n")
ringside_model_test(mutant.e5_end_not_checked mutant_e5_end_not_checked copy_at_an_end_bounded --must-fail)
ringside_rewritten_executable(mutant_e5_copy_not_checked copying_model.cpp
  ${copying} "    if (to != nullptr) copy(found.record, length, to);
    if (!still_here()) {"
             "    if (to != nullptr) copy(found.record, length, to);
    if (false) {")
ringside_model_test(mutant.e5_copy_not_checked mutant_e5_copy_not_checked copy --must-fail)

# E7: evicted, then withdrawn; and what is owed.
ringside_mutant(e7_withdrawal_relaxed model_reliable evict ${roll} "store(0, std::memory_order::seq_cst)" relaxed)
ringside_mutant(e7_check_relaxed model_reliable evict ${reader}
  "view_.generation(target.index).load(std::memory_order::seq_cst)" relaxed)
ringside_mutant(e7_not_told model_reliable evict ${subscribers} "each.subscriber.evicted->store(1" skip)
ringside_rewritten_executable(mutant_e7_told_after_withdrawal reliable_model.cpp
  ${roll} "  const std::uint32_t evicted = subscribers_.evict_before(pool_.live(0).first_sequence, sequence_);\n" ""
  ${roll} "  if (evicted != 0) count<&RingCounters::evicted>(evicted);\n" ""
  ${roll} "  count<&RingCounters::withdrawn>();\n"
          "  count<&RingCounters::evicted>(subscribers_.evict_before(pool_.live(0).first_sequence, sequence_));
  count<&RingCounters::withdrawn>();\n")
ringside_model_test(mutant.e7_told_after_withdrawal mutant_e7_told_after_withdrawal evict --must-fail)
ringside_rewritten_executable(mutant_reliable_granted_from_the_latest reliable_model.cpp
  ${writer} "subscribers_.make_reliable(id, cursor.next_sequence);" "subscribers_.make_reliable(id, sequence_ + 0 * cursor.next_sequence);")
ringside_model_test(mutant.reliable_granted_from_the_latest mutant_reliable_granted_from_the_latest evict --must-fail)
ringside_rewritten_executable(mutant_reliable_acknowledges_ahead reliable_model.cpp
  ${reader} "acknowledged_->store(next_sequence_ - (owed_state_ ? 1 : 0), std::memory_order::relaxed)"
            "acknowledged_->store(1 + next_sequence_ - (owed_state_ ? 1 : 0), std::memory_order::relaxed)")
ringside_model_test(mutant.reliable_acknowledges_ahead mutant_reliable_acknowledges_ahead evict --must-fail)
ringside_rewritten_executable(mutant_reliable_window_not_extended reliable_model.cpp
  ${roll} "if (!pool_.window_extended() && subscribers_.reliable() != 0) return;" "")
ringside_model_test(mutant.reliable_window_not_extended mutant_reliable_window_not_extended owed --must-fail)

# The pool: S + R * K segments are enough, one fewer is not.
ringside_model_test(mutant.pool_one_segment_fewer model_pins hold_pool_too_small --must-fail)

# E8: large segments. A bit that is taken or given by a load and a store belongs to two, or to nobody.
ringside_mutant(e8_claim_relaxed model_large large ${large} "compare_exchange_weak(" relaxed)
ringside_mutant(e8_claim_by_load_and_store model_large claim ${large} "compare_exchange_weak(" split)
ringside_mutant(e8_give_back_relaxed model_large large ${large} "fetch_or(" relaxed)
ringside_mutant(e8_give_back_by_load_and_store model_large claim ${large} "fetch_or(" split)
ringside_mutant(e8_claim_without_fence model_large large_copy ${large}
  "Atomics::fence(std::memory_order::release)" relaxed)
ringside_rewritten_executable(mutant_e8_free_before_it_is_punched large_model.cpp
  ${large} "  pages_.give_back(index);\n" ""
  ${large} "(index - geometry.pool_segments()), std::memory_order::release);\n"
           "(index - geometry.pool_segments()), std::memory_order::release);\n  pages_.give_back(index);\n")
ringside_model_test(mutant.e8_free_before_it_is_punched mutant_e8_free_before_it_is_punched large --must-fail)
ringside_rewritten_executable(mutant_e8_given_back_while_pinned large_model.cpp
  ${pool} "if (each.kept) return false;" "if (each.kept && !geometry_.is_large(each.index)) return false;")
ringside_model_test(mutant.e8_given_back_while_pinned mutant_e8_given_back_while_pinned large --must-fail)

# E9: a keyframe, then its position.
ringside_mutant(e9_position_relaxed model_keyframe view ${writer_keyframe}
  "store(position, std::memory_order::release)" relaxed)
ringside_mutant(e9_position_read_relaxed model_keyframe view ${reader_keyframe}
  "view_.keyframe_position().load(std::memory_order::acquire)" relaxed)
ringside_rewritten_executable(mutant_e9_position_before_commit keyframe_model.cpp
  ${writer_keyframe} "  const std::uint64_t place = offset_;\n"
                     "  const std::uint64_t place = offset_;
  memory_.keyframe_position().store(keyframe_position(pool_.newest().generation, place, geometry().segment_size),
                                    std::memory_order::release);\n")
ringside_model_test(mutant.e9_position_before_commit mutant_e9_position_before_commit view --must-fail)
ringside_rewritten_executable(mutant_e9_keyframe_not_pinned keyframe_model.cpp
  ${reader_keyframe} "    if (!pin(*target)) continue;\n"
                     "    generation_ = target->generation;
    segment_ = view_.segment(target->index);\n")
ringside_model_test(mutant.e9_keyframe_not_pinned mutant_e9_keyframe_not_pinned view --must-fail)
ringside_rewritten_executable(mutant_e9_keyframe_not_checked keyframe_model.cpp
  ${reader_keyframe} "    if (!pin(*target)) continue;\n"
                     "    pins_.enter(target->generation);
    generation_ = target->generation;
    segment_ = view_.segment(target->index);\n")
ringside_model_test(mutant.e9_keyframe_not_checked mutant_e9_keyframe_not_checked view --must-fail)
ringside_rewritten_executable(mutant_e9_keyframe_not_checked_copying keyframe_model.cpp
  ${copying} "      if (!still_here()) continue;\n      sequence = sequence_behind(word, first);\n"
             "      sequence = sequence_behind(word, first);\n")
ringside_model_test(mutant.e9_keyframe_not_checked_copying mutant_e9_keyframe_not_checked_copying
  copy_state --must-fail)
ringside_rewritten_executable(mutant_keyframe_counted_as_event keyframe_model.cpp
  ${reader_keyframe} "  offset_ = after;\n  if (!owed_state_) return false;\n"
                     "  offset_ = after;\n  ++next_sequence_;\n  if (!owed_state_) return false;\n")
ringside_model_test(mutant.keyframe_counted_as_event mutant_keyframe_counted_as_event view_bounded --must-fail)
ringside_rewritten_executable(mutant_keyframe_not_owed_after_a_gap keyframe_model.cpp
  ${reader} "  owed_state_ = wants_state_;\n" "")
ringside_model_test(mutant.keyframe_not_owed_after_a_gap mutant_keyframe_not_owed_after_a_gap view_bounded --must-fail)

# E20: flag and commit.
ringside_mutant(e20_writer_fence_acq_rel model_doorbell wake ${subscribers}
  "Atomics::fence(std::memory_order::seq_cst)" acq_rel)
ringside_mutant(e20_waiter_fence_acq_rel model_doorbell wake ${doorbell}
  "Atomics::fence(std::memory_order::seq_cst)" acq_rel)
ringside_mutant(e20_flag_not_set model_doorbell wake ${doorbell} "flag.store(1, std::memory_order::relaxed)" skip)
ringside_rewritten_executable(mutant_e20_no_last_look doorbell_model.cpp
  ${doorbell} "if (!any_news()) return true;" "if (static_cast<void>(any_news()), true) return true;")
ringside_model_test(mutant.e20_no_last_look mutant_e20_no_last_look wake --must-fail)
ringside_rewritten_executable(mutant_e20_looked_before_flag doorbell_model.cpp
  ${doorbell} "  flag.store(1, std::memory_order::relaxed);\n"
              "  const bool news = any_news();\n  flag.store(1, std::memory_order::relaxed);\n"
  ${doorbell} "if (!any_news()) return true;" "if (!news) return true;")
ringside_model_test(mutant.e20_looked_before_flag mutant_e20_looked_before_flag wake --must-fail)
ringside_rewritten_executable(mutant_e20_copier_trusts_an_end doorbell_model.cpp
  ${copying} "      if (!still_here()) return true;\n      if (word == 0) return false;\n"
             "      if (word == 0) return false;\n      if (!still_here()) return true;\n")
ringside_model_test(mutant.e20_copier_trusts_an_end mutant_e20_copier_trusts_an_end wake_copier_bounded --must-fail)

# E21: taking the flag. A load and a store ring twice for one sleep; cleared behind the ring, the next sleep is lost;
# two threads that share a flag take each other's wake-ups.
ringside_mutant(e21_load_and_store model_doorbell wake ${doorbell} "flag.exchange(0" split)
ringside_rewritten_executable(mutant_e21_cleared_after_ring doorbell_model.cpp
  ${doorbell} "  return flag.exchange(0, std::memory_order::acq_rel) == 1;" "  return true;"
  ${subscribers} "      bell(each.subscriber.doorbell);\n"
                 "      bell(each.subscriber.doorbell);
      each.subscriber.wake_flag->store(0, std::memory_order::relaxed);\n")
ringside_model_test(mutant.e21_cleared_after_ring mutant_e21_cleared_after_ring wake_rung_freely --must-fail)
ringside_model_test(mutant.e21_two_waiters model_doorbell wake_two_waiters --must-fail)

# E22: the role.
ringside_mutant(e22_take_acquire model_role combine ${role} "role_.exchange(1, std::memory_order::acq_rel)" acquire)
ringside_mutant(e22_take_release model_role combine ${role} "role_.exchange(1, std::memory_order::acq_rel)" release)
ringside_mutant(e22_give_acquire model_role combine ${role} "role_.exchange(0, std::memory_order::acq_rel)" acquire)
ringside_mutant(e22_give_release model_role combine ${role} "role_.exchange(0, std::memory_order::acq_rel)" release)
ringside_mutant(e22_take_by_compare_exchange model_role combine ${role}
  "role_.exchange(1, std::memory_order::acq_rel)" compare)
ringside_mutant(e22_give_by_store model_role combine ${role} "role_.exchange(0, std::memory_order::acq_rel)" split)
ringside_mutant(e22_take_by_load_and_store model_role combine ${role}
  "role_.exchange(1, std::memory_order::acq_rel)" split)
ringside_rewritten_executable(mutant_e22_no_last_look role_model.cpp
  ${role} "} else if (queue_.empty()) {" "} else {")
ringside_model_test(mutant.e22_no_last_look mutant_e22_no_last_look combine --must-fail)
ringside_rewritten_executable(mutant_e22_no_last_look_in_place role_model.cpp
  ${role} "  if (!queue_.empty()) combine();\n" "")
ringside_model_test(mutant.e22_no_last_look_in_place mutant_e22_no_last_look_in_place in_place --must-fail)
ringside_rewritten_executable(mutant_e22_no_look_where_it_is_not_ready role_model.cpp
  ${role} "    work_as_holder();  // somebody may have found the role taken\n" "    give();\n")
ringside_model_test(mutant.e22_no_look_where_it_is_not_ready mutant_e22_no_look_where_it_is_not_ready
  in_place_unready --must-fail)

# The ticket of a delivery in place: nobody else has it, and everything before it is delivered.
ringside_mutant(next_ticket_by_load_and_store model_role in_place ${role} "tickets_.compare_exchange_strong(" split)
ringside_rewritten_executable(mutant_any_next_ticket role_model.cpp
  ${role} "  std::uint64_t ticket = next_;\n" "  std::uint64_t ticket = tickets_.load(std::memory_order::relaxed);\n"
  ${role} "ticket, next_ + 1," "ticket, ticket + 1,")
ringside_model_test(mutant.any_next_ticket mutant_any_next_ticket in_place --must-fail)

# E23: deliveries.
ringside_mutant(e23_delivered_relaxed model_role combine_flush ${role}
  "delivered_.store(next_, std::memory_order::release)" relaxed)
ringside_mutant(e23_flush_relaxed model_role combine_flush ${role}
  "while (delivered_.load(std::memory_order::acquire) < target)" relaxed)
