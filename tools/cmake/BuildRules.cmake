# The few rules that every target of the project is built by.

add_library(project_flags INTERFACE)
target_compile_options(project_flags INTERFACE
  -Wall -Wextra -Werror=implicit -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wformat=2 -Wundef -Wvla -Wswitch-enum
  -fno-common -fstack-protector-strong)
target_compile_definitions(project_flags INTERFACE _GNU_SOURCE)
if(NOT SANITIZE) # fortification hides overreads from the sanitizers
  target_compile_definitions(project_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()
if(WITH_WERROR)
  target_compile_options(project_flags INTERFACE -Werror)
endif()
target_compile_definitions(project_flags INTERFACE KENCHI_VERSION="${PROJECT_VERSION}")
target_include_directories(project_flags INTERFACE ${PROJECT_SOURCE_DIR})
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON) # cmake --build . -t all_verify_interface_header_sets

if(SANITIZE)
  add_compile_options(-fsanitize=${SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=${SANITIZE})
endif()
if(WITH_FUZZING)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()

# Sources on the way of each flow record are optimised together when the collector is linked: half
# of what they do are calls of small functions of one another.  Whoever else links them takes them
# as they are.
set(PROJECT_HOT_OPTIONS "")
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(PROJECT_HOT_OPTIONS -O3 -flto -ffat-lto-objects)
endif()

# project_library(name SOURCES a.c ... HEADERS a.h ... LINKS target ...)
# A header in HEADERS is also compiled alone, so that it brings what it uses.
function(project_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;LINKS")
  add_library(${name} STATIC ${arg_SOURCES})
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${arg_HEADERS})
  target_link_libraries(${name} PRIVATE project_flags PUBLIC ${arg_LINKS})
  target_compile_definitions(${name} INTERFACE _GNU_SOURCE) # for headers compiled alone
endfunction()

# project_program(name [HOT] SOURCES main.c ... LINKS target ...)
# HOT: hot sources are optimised together.
function(project_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HOT" "" "SOURCES;LINKS")
  add_executable(${name} ${arg_SOURCES})
  if(PROJECT_HOT_OPTIONS)
    target_link_options(${name} PRIVATE $<IF:$<BOOL:${arg_HOT}>,-flto=auto,-fno-lto>)
  endif()
  target_link_libraries(${name} PRIVATE project_flags ${arg_LINKS})
endfunction()

# project_test(name LINKS target ...): one file, one program, one ctest entry.
function(project_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINKS")
  project_program(test_${name} SOURCES test_${name}.c LINKS ${arg_LINKS} PkgConfig::GLIB)
  # GLib's g_assert_cmpmem() mixes int and size_t in the caller's code.
  set_source_files_properties(test_${name}.c PROPERTIES COMPILE_OPTIONS -Wno-sign-conversion)
  add_test(NAME unit.${name} COMMAND test_${name} --tap)
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 30
    ENVIRONMENT "G_DEBUG=fatal-warnings;G_TEST_SRCDIR=${PROJECT_SOURCE_DIR}/tests")
endfunction()
