# One machine in every format that holds the memory of one, made by tests/reader/convert.py: whatever the
# file is, the same commands give the same text.
#
#   cmake -DNTMM=... -DPROGRAM=a.exe -DFOLDER=... -DDUMP=full.dmp -DREADER=folder of convert.py
#         -DPYTHON=... -DPDB=ntkrnlmp.pdb -P formats.cmake
include(${CMAKE_CURRENT_LIST_DIR}/ask.cmake)
execute_process(COMMAND ${PYTHON} ${READER}/convert.py ${DUMP} ${PDB} ${FOLDER}
                OUTPUT_VARIABLE text ERROR_VARIABLE errors RESULT_VARIABLE status TIMEOUT 100)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "convert.py: ${status}\n${text}${errors}")
endif()

# compare(LIST FILE...): the commands of LIST over the full dump and over each of these.
function(compare list)
    lists(commands ${list})
    # Images without a header do not say why their machine stopped.
    string(REGEX REPLACE "\n(!analyze -v|[.]lastevent)\n" "\n" commands "${commands}")
    ask(wanted "${commands}" "" -y . -z ${DUMP} -cf ${FOLDER}/commands.txt)
    foreach(name ${ARGN})
        ask(answer "${commands}" "" -y . -z ${FOLDER}/${name} -cf ${FOLDER}/commands.txt)
        if(NOT answer STREQUAL wanted)
            file(WRITE ${FOLDER}/${name}.full.txt "${wanted}")
            file(WRITE ${FOLDER}/${name}.txt "${answer}")
            message(FATAL_ERROR "${FOLDER}/${name}.txt differs from ${name}.full.txt")
        endif()
    endforeach()
endfunction()

compare(commands 9.dmp a.dmp core.elf image.lime image.raw)
compare(kernel 2.dmp 6.dmp 8.dmp)

# A kernel's dump has no user memory, and says so.
foreach(name 2.dmp 6.dmp 8.dmp)
    execute_process(COMMAND ${NTMM} kd -z ${FOLDER}/${name} -c "db 40000000 L4; q"
                    OUTPUT_VARIABLE text RESULT_VARIABLE status TIMEOUT 100)
    if(NOT status EQUAL 0 OR NOT text MATCHES "00000000`40000000  [?][?] [?][?] [?][?] [?][?] ")
        message(FATAL_ERROR "${name}: ${status}\n${text}")
    endif()
endforeach()
file(REMOVE ${FOLDER}/2.dmp ${FOLDER}/6.dmp ${FOLDER}/8.dmp ${FOLDER}/9.dmp ${FOLDER}/a.dmp
     ${FOLDER}/core.elf ${FOLDER}/image.lime ${FOLDER}/image.raw)
