# A dump answers as the machine did from which it was made: the same commands, typed right after
# .dump and over each of the files, give the same text.
#
#   cmake -DNTMM=... -DPROGRAM=a.exe -DFOLDER=... -DCOMMANDS=file -DDUMPS=f:full,ka:bitmap -P compare.cmake
#
# DUMPS are pairs: `.dump /f` writes full.dmp, and so on. COMPARED: only this one of them is asked.
# The files stay in FOLDER for other tests.
file(READ ${COMMANDS} commands)
get_filename_component(programs ${PROGRAM} DIRECTORY)
get_filename_component(name ${PROGRAM} NAME)

file(MAKE_DIRECTORY ${FOLDER})

# What comes after the line START, in `result`. `first`: commands before that.
function(ask result first)
    set(script ${FOLDER}/commands.txt)
    file(WRITE ${script} "${first}.echo START\n${commands}q\n")
    execute_process(COMMAND ${NTMM} kd ${ARGN} WORKING_DIRECTORY ${programs}
                    OUTPUT_VARIABLE text ERROR_VARIABLE errors RESULT_VARIABLE status TIMEOUT 100)
    if(NOT status EQUAL 0)
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

string(REPLACE "," ";" DUMPS ${DUMPS})
set(write "g\n")
foreach(pair ${DUMPS})
    string(REGEX REPLACE "(.*):(.*)" ".dump /o /\\1 ${FOLDER}/\\2.dmp\n" line ${pair})
    string(APPEND write "${line}")
endforeach()
ask(live "${write}" --ram 64M -cf ${FOLDER}/commands.txt ${name} a)
foreach(pair ${DUMPS})
    string(REGEX REPLACE ".*:" "" file ${pair})
    if(COMPARED AND NOT file STREQUAL COMPARED)
        continue()
    endif()
    set(dump ${FOLDER}/${file}.dmp)
    ask(answer "" -y . -z ${dump} -cf ${FOLDER}/commands.txt)
    if(NOT answer STREQUAL live)
        file(WRITE ${dump}.live.txt "${live}")
        file(WRITE ${dump}.txt "${answer}")
        message(FATAL_ERROR "${dump}.txt differs from ${dump}.live.txt")
    endif()
endforeach()
