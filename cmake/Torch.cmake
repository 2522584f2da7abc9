# libtorch, and one precompiled header that every torch target shares (each private one would cost 11 s and 120 MB).

find_package(Torch REQUIRED)
# torch's own CMake adds its flags to these globals; only its targets are wanted.
add_library(everform_torch INTERFACE)
target_link_libraries(everform_torch INTERFACE torch_cpu c10)
if(TARGET torch_cuda)
  target_link_libraries(everform_torch INTERFACE torch_cuda c10_cuda)
endif()
target_include_directories(everform_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
# In the cache, because targets of sibling folders (tests) need it too.
get_filename_component(EVERFORM_TORCH_LIB_NOW "${TORCH_INSTALL_PREFIX}/lib" ABSOLUTE)
set(EVERFORM_TORCH_LIB "${EVERFORM_TORCH_LIB_NOW}" CACHE INTERNAL "folder of libtorch")

add_library(everform_torch_pch STATIC "${CMAKE_SOURCE_DIR}/cmake/torch_pch.cpp")
target_link_libraries(everform_torch_pch PUBLIC everform_options everform_torch)
target_precompile_headers(everform_torch_pch PRIVATE "${CMAKE_SOURCE_DIR}/cmake/torch_pch.h")

function(everform_use_torch target)
  target_link_libraries(${target} PUBLIC everform_torch)
  target_precompile_headers(${target} REUSE_FROM everform_torch_pch)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    # The shared precompiled header is built with -fPIC; CMake would give a program -fPIE.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
    # torch's CMake leaves entries of other machines in the run path.
    set_target_properties(${target} PROPERTIES SKIP_BUILD_RPATH OFF BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "${EVERFORM_TORCH_LIB}")
  endif()
endfunction()
