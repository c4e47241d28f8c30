# Asking the debugger: for tests that compare what two targets answer.
#
#   NTMM, PROGRAM, FOLDER as in compare.cmake
cmake_policy(VERSION 3.25)
get_filename_component(programs ${PROGRAM} DIRECTORY)
get_filename_component(name ${PROGRAM} NAME)

file(MAKE_DIRECTORY ${FOLDER})

# The commands of compare.NAME.txt for each NAME of ARGN. In these files @FOLDER@ is FOLDER, @LISTS@ the
# folder that they are in.
function(lists result)
    set(commands "")
    foreach(name ${ARGN})
        file(READ ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/compare.${name}.txt text)
        string(APPEND commands "${text}")
    endforeach()
    string(REPLACE "@FOLDER@" ${FOLDER} commands "${commands}")
    string(REPLACE "@LISTS@" ${CMAKE_CURRENT_FUNCTION_LIST_DIR} commands "${commands}")
    set(${result} "${commands}" PARENT_SCOPE)
endfunction()

# What `commands` answer, in `result`. `first`: commands before that. ARGN: arguments of ntmm kd, with
# -cf ${FOLDER}/commands.txt among them.
function(ask result commands first)
    set(script ${FOLDER}/commands.txt)
    file(WRITE ${script} "${first}.echo START\n${commands}q\n")
    execute_process(COMMAND ${NTMM} kd ${ARGN} WORKING_DIRECTORY ${programs}
                    OUTPUT_VARIABLE text ERROR_VARIABLE errors RESULT_VARIABLE status TIMEOUT 100)
    if(NOT status MATCHES "^[01]$") # 1: a command failed, which is an answer too
        message(FATAL_ERROR "ntmm kd ${ARGN}: ${status}\n${errors}\n${text}")
    endif()
    string(FIND "${text}" "\nSTART\n" at)
    if(at LESS 0)
        message(FATAL_ERROR "no answers in:\n${text}")
    endif()
    string(SUBSTRING "${text}" ${at} -1 text)
    # A process's prompt is another one than a machine's.
    string(REGEX REPLACE "\n[0-9]+:( kd|[0-9]+)> " "\nprompt> " text "${text}")
    string(LENGTH "${text}" length)
    if(length LESS 4000) # process list, VADs and symbols are more than that
        message(FATAL_ERROR "hardly an answer:\n${text}")
    endif()
    set(${result} "${text}" PARENT_SCOPE)
endfunction()
