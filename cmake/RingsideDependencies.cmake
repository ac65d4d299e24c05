# SPDX-License-Identifier: Apache-2.0
#
# Every library that we build on, as Debian 12 packages it (docs/dependencies.md says why each is here).

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(FlatBuffers CONFIG REQUIRED)
find_package(tl-expected CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(tomlplusplus CONFIG REQUIRED)
find_package(simdjson CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
find_program(FLATC flatc REQUIRED)

# moodycamel's queue comes as headers without a package of its own.
find_path(CONCURRENTQUEUE_INCLUDE_DIR concurrentqueue.h PATH_SUFFIXES concurrentqueue REQUIRED)
add_library(ringside_concurrentqueue INTERFACE)
target_include_directories(ringside_concurrentqueue SYSTEM INTERFACE "${CONCURRENTQUEUE_INCLUDE_DIR}")

if(RINGSIDE_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck CONFIG REQUIRED)
  include(GoogleTest)
endif()
if(RINGSIDE_BENCH)
  find_package(benchmark CONFIG REQUIRED)
endif()
