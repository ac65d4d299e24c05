# SPDX-License-Identifier: Apache-2.0
#
# Breaks a copy of events.fbs in one way after the other and expects the gate to refuse each, for the right reason.

file(READ "${SCHEMA_DIR}/baseline/events.fbs" baseline)

# refuses(WHAT REASON FROM TO [FROM TO]...): replaces each FROM by its TO in a copy of the baseline.
function(refuses what reason)
  set(broken "${baseline}")
  set(edits ${ARGN})
  while(edits)
    list(POP_FRONT edits from to)
    string(FIND "${broken}" "${from}" found)
    if(found EQUAL -1)
      message(FATAL_ERROR "${what}: the schema no longer has '${from}'; this test needs another example")
    endif()
    string(REPLACE "${from}" "${to}" broken "${broken}")
  endwhile()
  file(WRITE "${WORK_DIR}/events.fbs" "${broken}")
  execute_process(COMMAND "${FLATC}" --conform "${SCHEMA_DIR}/baseline/events.fbs" "${WORK_DIR}/events.fbs"
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
  if(result EQUAL 0)
    message(FATAL_ERROR "${what}: the gate let it pass")
  endif()
  if(NOT "${output}${errors}" MATCHES "${reason}")
    message(FATAL_ERROR "${what}: refused, but not because of '${reason}': ${output}${errors}")
  endif()
  message(STATUS "refused: ${what}")
endfunction()

# A copy that only grows is what the gate must let pass, or its refusals mean nothing.
string(REPLACE "run: ulong (id: 1);" "run: ulong (id: 1); added: string (id: 4);" grown "${baseline}")
if(grown STREQUAL baseline)
  message(FATAL_ERROR "the schema no longer has 'run: ulong (id: 1);'; this test needs another example")
endif()
file(WRITE "${WORK_DIR}/events.fbs" "${grown}")
execute_process(COMMAND "${FLATC}" --conform "${SCHEMA_DIR}/baseline/events.fbs" "${WORK_DIR}/events.fbs"
                RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "the gate refuses a field that was added at the end")
endif()

refuses("a renumbered field" "offsets differ for field: run"
        "incarnation: ulong (id: 0)" "incarnation: ulong (id: 1)" "run: ulong (id: 1)" "run: ulong (id: 0)")
refuses("a retyped field" "types differ for field: incarnation"
        "incarnation: ulong (id: 0)" "incarnation: uint (id: 0)")
refuses("a reused id" "field renamed to different type: code"
        "detail: string (id: 2)" "code: uint (id: 2)")
refuses("another default" "defaults differ for field: role"
        "role: Role = assistant" "role: Role = user")
refuses("a reordered enum" "values differ for enum: user"
        "enum Role : ubyte { system, user" "enum Role : ubyte { user, system")
refuses("a reordered union" "values differ for enum: "
        "llm_deltas: LlmDeltas" "first: LlmMessage" "llm_message: LlmMessage" "llm_deltas: LlmDeltas"
        "first: LlmMessage" "llm_message: LlmMessage")
