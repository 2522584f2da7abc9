# What every target of Everform shares: language, warnings, sanitizers, ccache, and the functions that make a folder a library.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_OPTIMIZE_DEPENDENCIES ON)
set(CMAKE_PCH_INSTANTIATE_TEMPLATES ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(EVERFORM_CCACHE ccache)
if(EVERFORM_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${EVERFORM_CCACHE}")
endif()

find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PNG REQUIRED)
find_package(GIF REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(SENTENCEPIECE REQUIRED IMPORTED_TARGET sentencepiece)

# Headers of libraries are system headers: their warnings are not ours.
add_library(everform_options INTERFACE)
target_include_directories(everform_options INTERFACE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_BINARY_DIR}/generated")
target_link_libraries(everform_options INTERFACE Threads::Threads nlohmann_json::nlohmann_json)
target_compile_options(everform_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
  $<$<CXX_COMPILER_ID:GNU>:-Wno-missing-field-initializers>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-designated-field-initializers -Wno-missing-field-initializers>)
if(EVERFORM_WARNINGS_AS_ERRORS)
  target_compile_options(everform_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12 uses a function in std::stable_sort that it marks deprecated itself.
  target_compile_options(everform_options INTERFACE -Wno-deprecated-declarations)
  # ccache can only reuse objects built with a precompiled header when its time stamp is left out.
  target_compile_options(everform_options INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()
if(EVERFORM_SANITIZE)
  target_compile_options(everform_options INTERFACE -fsanitize=${EVERFORM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(everform_options INTERFACE -fsanitize=${EVERFORM_SANITIZE})
endif()

if(EVERFORM_COVERAGE)
  target_compile_options(everform_options INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(everform_options INTERFACE -fprofile-instr-generate)
endif()

# everform_library(NAME [DEPENDS target...] [TORCH]): all .cpp files of the calling folder become the library everform_NAME.
# A folder without sources yet is an empty interface, so that its place in the order is kept.
function(everform_library name)
  cmake_parse_arguments(ARG "TORCH" "" "DEPENDS;EXCLUDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${ARG_EXCLUDE}")
  endif()
  if(NOT sources)
    add_library(everform_${name} INTERFACE)
    target_link_libraries(everform_${name} INTERFACE everform_options ${ARG_DEPENDS})
    return()
  endif()
  add_library(everform_${name} STATIC ${sources})
  target_link_libraries(everform_${name} PUBLIC everform_options ${ARG_DEPENDS})
  if(ARG_TORCH)
    everform_use_torch(everform_${name})
  endif()
endfunction()

# everform_embed(TARGET FILE SYMBOL): compiles a text file into TARGET as `extern const std::string_view everform::SYMBOL`.
function(everform_embed target file symbol)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol}.cpp")
  add_custom_command(OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DINPUT=${file}" "-DOUTPUT=${output}" "-DSYMBOL=${symbol}" -P "${CMAKE_SOURCE_DIR}/cmake/Embed.cmake"
    DEPENDS "${file}" "${CMAKE_SOURCE_DIR}/cmake/Embed.cmake" VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()

# everform_test(NAME [TORCH] LIBS target...): all *_test.cpp files of the calling folder become one test program.
function(everform_test name)
  cmake_parse_arguments(ARG "TORCH" "TIMEOUT" "LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  if(NOT sources)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE ${ARG_LIBS} everform_test_main)
  if(ARG_TORCH)
    everform_use_torch(${name}_test)
  endif()
  add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "EVERFORM_BINARY=${CMAKE_BINARY_DIR}/bin/everform")
endfunction()
