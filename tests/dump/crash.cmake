# A bugcheck of `ntmm run --dump FILE` leaves a dump that says what happened.
#
#   cmake -DNTMM=... -DPROGRAM=critical.exe -DFOLDER=... -P crash.cmake
#
# The file stays in FOLDER, as crash.dmp, for other tests.
set(dump ${FOLDER}/crash.dmp)
file(MAKE_DIRECTORY ${FOLDER})
file(REMOVE ${dump})
# 8 is the id of smss.exe, whose end is the system's.
execute_process(COMMAND ${NTMM} run --ram 64M --dump ${dump} ${PROGRAM} 8
                OUTPUT_VARIABLE text ERROR_VARIABLE errors RESULT_VARIABLE status TIMEOUT 100)
if(NOT status EQUAL 70 OR NOT errors MATCHES "STOP: 0x000000F4 .*CRITICAL_OBJECT_TERMINATION.*\
while critical[.]exe was running.*Dump successfully written")
    message(FATAL_ERROR "exit code ${status}\n${text}\n${errors}")
endif()
execute_process(COMMAND ${NTMM} kd -z ${dump} -c "!analyze; ? @$thread; !process -1 0; q"
                OUTPUT_VARIABLE text ERROR_VARIABLE errors RESULT_VARIABLE status TIMEOUT 100)
if(NOT status EQUAL 0 OR NOT text MATCHES
   "^Use !analyze -v .*BugCheck F4, .3, .*CRITICAL_OBJECT_TERMINATION .f4.*Image: critical[.]exe")
    message(FATAL_ERROR "exit code ${status}\n${text}\n${errors}")
endif()
# Nobody can write there: the bugcheck is told, and so is why there is no dump.
execute_process(COMMAND ${NTMM} run --ram 64M --dump ${FOLDER}/nowhere/crash.dmp ${PROGRAM} 8
                OUTPUT_VARIABLE text ERROR_VARIABLE errors RESULT_VARIABLE status TIMEOUT 100)
if(NOT status EQUAL 70 OR NOT errors MATCHES "STOP: 0x000000F4 .*Dump creation failed: No such file")
    message(FATAL_ERROR "exit code ${status}\n${text}\n${errors}")
endif()
