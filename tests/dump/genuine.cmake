# Golden tests over a dump that Windows itself wrote (see test_genuine.c), where there is one.
#
#   cmake -DKD_LIVE=... -DNTMM=... -DGOLDEN=genuine.txt -P genuine.cmake
set(dump $ENV{NTMM_REFERENCE}/win10_19041_triage_x64.dmp)
if(NOT DEFINED ENV{NTMM_REFERENCE} OR NOT EXISTS ${dump})
    message("skipped: no genuine dump")
    return()
endif()
unset(ENV{_NT_SYMBOL_PATH})
unset(ENV{_NT_ALT_SYMBOL_PATH})
execute_process(COMMAND ${KD_LIVE} ${NTMM} ${GOLDEN} ${dump} RESULT_VARIABLE status TIMEOUT 100)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "answers differ: ${status}")
endif()
