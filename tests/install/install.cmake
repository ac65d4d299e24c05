# SPDX-License-Identifier: Apache-2.0
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}" --component development
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE headers RELATIVE "${PREFIX}/include" "${PREFIX}/include/*")
foreach(header IN LISTS headers)
  if(NOT header MATCHES "^ringside/")
    message(FATAL_ERROR "${header} was installed: it is not for users")
  endif()
endforeach()
