# A dump answers as the machine did from which it was made: the same commands, typed right after
# .dump and over each of the files, give the same text.
#
#   cmake -DNTMM=... -DPROGRAM=a.exe -DFOLDER=... -DCOMMANDS=LIST,... -DDUMPS=f:full,ka:bitmap
#         -P compare.cmake
#
# DUMPS are pairs: `.dump /f` writes full.dmp, and so on. COMPARED: only this one of them is asked.
# The files stay in FOLDER for other tests.
include(${CMAKE_CURRENT_LIST_DIR}/ask.cmake)
string(REPLACE "," ";" COMMANDS ${COMMANDS})
lists(commands ${COMMANDS})

string(REPLACE "," ";" DUMPS ${DUMPS})
set(write "g\n")
foreach(pair ${DUMPS})
    string(REGEX REPLACE "(.*):(.*)" ".dump /o /\\1 ${FOLDER}/\\2.dmp\n" line ${pair})
    string(APPEND write "${line}")
endforeach()
ask(live "${commands}" "${write}" --ram 64M -cf ${FOLDER}/commands.txt ${name} a)
foreach(pair ${DUMPS})
    string(REGEX REPLACE ".*:" "" file ${pair})
    if(COMPARED AND NOT file STREQUAL COMPARED)
        continue()
    endif()
    set(dump ${FOLDER}/${file}.dmp)
    ask(answer "${commands}" "" -y . -z ${dump} -cf ${FOLDER}/commands.txt)
    if(NOT answer STREQUAL live)
        file(WRITE ${dump}.live.txt "${live}")
        file(WRITE ${dump}.txt "${answer}")
        message(FATAL_ERROR "${dump}.txt differs from ${dump}.live.txt")
    endif()
endforeach()
