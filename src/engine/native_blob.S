/* src/engine/native_blob.S: the stub's executable as bytes of ours. */
    .section .rodata
    .globl native_stub_begin, native_stub_end
    .balign 16
native_stub_begin:
    .incbin NATIVE_STUB_FILE
native_stub_end:
    .section .note.GNU-stack, "", @progbits
