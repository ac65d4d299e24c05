# SPDX-License-Identifier: Apache-2.0
#
# What a user of the client library gets: its headers, the static libraries behind it, a CMake package (find_package
# (ringside), target ringside::client) and a pkg-config file. `cmake --install BUILD --component development`.
include(CMakePackageConfigHelpers)

set(ringside_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/ringside")

set_target_properties(ringside_shm PROPERTIES EXPORT_NAME shm)
install(TARGETS ringside_client ringside_events ringside_schema ringside_shm EXPORT ringside-targets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development)
install(EXPORT ringside-targets NAMESPACE ringside:: DESTINATION "${ringside_package_dir}" COMPONENT development)

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/ringside-config.cmake.in"
  "${PROJECT_BINARY_DIR}/ringside-config.cmake" INSTALL_DESTINATION "${ringside_package_dir}")
# Before 1.0 a minor version may change anything.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/ringside-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/ringside-config.cmake" "${PROJECT_BINARY_DIR}/ringside-config-version.cmake"
  DESTINATION "${ringside_package_dir}" COMPONENT development)

# Where the file ends up it finds the rest: the tree may be moved.
file(RELATIVE_PATH ringside_prefix_from_pkgconfig
  "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file("${CMAKE_CURRENT_LIST_DIR}/ringside.pc.in" "${PROJECT_BINARY_DIR}/ringside.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/ringside.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
