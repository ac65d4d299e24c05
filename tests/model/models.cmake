# SPDX-License-Identifier: Apache-2.0
#
# The models: what each of them checks is the first comment of its source.
ringside_model_executable(model_pins pins_model.cpp)
foreach(model IN ITEMS recycle recycle_bounded recycle_two_readers recycle_two_readers_bounded hold hold_bounded)
  ringside_model_test(${model} model_pins ${model})
endforeach()

ringside_model_executable(model_link link_model.cpp)
foreach(model IN ITEMS follow follow_bounded follow_every_schedule)
  ringside_model_test(${model} model_link ${model})
endforeach()

ringside_model_executable(model_reliable reliable_model.cpp)
foreach(model IN ITEMS owed owed_bounded evict evict_bounded)
  ringside_model_test(${model} model_reliable ${model})
endforeach()

ringside_model_executable(model_copying copying_model.cpp)
foreach(model IN ITEMS copy copy_bounded copy_at_an_end copy_at_an_end_bounded find_oldest find_oldest_bounded)
  ringside_model_test(${model} model_copying ${model})
endforeach()

ringside_model_executable(model_keyframe keyframe_model.cpp)
foreach(model IN ITEMS view view_bounded view_at_once copy_state copy_state_bounded copy_state_at_once)
  ringside_model_test(${model} model_keyframe ${model})
endforeach()

ringside_model_executable(model_large large_model.cpp)
foreach(model IN ITEMS claim claim_bounded claim_the_one claim_the_one_bounded large large_bounded large_copy
        large_copy_bounded)
  ringside_model_test(${model} model_large ${model})
endforeach()

ringside_model_executable(model_doorbell doorbell_model.cpp)
foreach(model IN ITEMS wake wake_bounded wake_copier wake_copier_bounded)
  ringside_model_test(${model} model_doorbell ${model})
endforeach()

# With the real bounds, and with bounds so small that a producer waits for room and a holder hands over.
ringside_model_executable(model_role role_model.cpp)
ringside_rewritten_executable(model_role_small_bounds role_model.cpp
  agentd/writing_role.hpp "tickets_ahead_max = 4 * 1024" "tickets_ahead_max = 1"
  agentd/writing_role.hpp "deliveries_for_others_max = 1024" "deliveries_for_others_max = 0")
ringside_model_test(combine_bounded model_role combine_bounded)
ringside_model_test(in_place_bounded model_role in_place_bounded)
ringside_model_test(in_place_unready model_role in_place_unready)
foreach(model IN ITEMS combine combine_twice combine_flush combine_without_memory combine_causally in_place in_place_twice
        in_place_flush in_place_causally)
  ringside_model_test(${model} model_role ${model})
  ringside_model_test(${model}.small_bounds model_role_small_bounds ${model})
endforeach()
