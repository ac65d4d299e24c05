# SPDX-License-Identifier: Apache-2.0
#
# What every target of ours has in common. Warnings are named here and become errors in the presets only, so that a
# packager's compiler of another year still builds the project.

add_library(ringside_warnings INTERFACE)
target_compile_options(ringside_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Wcast-align -Woverloaded-virtual -Wformat=2)

# ringside_target(NAME): C++20, our warnings, includes from the root of the repository.
function(ringside_target name)
  target_compile_features(${name} PUBLIC cxx_std_20)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:ringside_warnings>)
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
endfunction()

# ringside_test(NAME LABEL label SOURCES file... [LIBS target...] [TIMEOUT seconds] [PROPERTIES ...])
# One GoogleTest executable whose tests are discovered when ctest runs. RapidCheck's seed is printed by itself on failure.
function(ringside_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "LABEL;TIMEOUT" "SOURCES;LIBS;PROPERTIES")
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 300)
  endif()
  add_executable(${name} ${test_SOURCES})
  ringside_target(${name})
  target_link_libraries(${name} PRIVATE ${test_LIBS} GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}."
    PROPERTIES LABELS "${test_LABEL}" TIMEOUT ${test_TIMEOUT} ${test_PROPERTIES})
endfunction()
