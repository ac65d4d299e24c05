# SPDX-License-Identifier: Apache-2.0
#
# The gate: cmake -D FLATC=... -D SCHEMA_DIR=... -D SCHEMA=events|control -P conform.cmake
execute_process(
  COMMAND "${FLATC}" --conform "${SCHEMA_DIR}/baseline/${SCHEMA}.fbs" --conform-includes "${SCHEMA_DIR}/baseline"
          "${SCHEMA_DIR}/${SCHEMA}.fbs"
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${SCHEMA}.fbs does not read what its baseline wrote (schema/baseline/README.md)")
endif()
