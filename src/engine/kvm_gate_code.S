/* src/engine/kvm_gate_code.S: what user code on KVM may jump to instead of `syscall`, with the
 * address to go on at in rcx. It runs with the user's rights.
 *
 *      before `posted`     nothing has happened yet: wherever it is interrupted, the engine makes a
 *                          system call of it. Registers stay as they are but for r11 and rsp; where
 *                          rsp is another, its value lies in the mailbox already
 *      before `resume`     the request is in the mailbox; the thread waits, and is thought to be in
 *                          the kernel. Whatever ends that, the engine loads all registers anew
 *      behind it           the answer is there, and is loaded
 *
 * `ud2` leaves the guest for good: nobody polls (any more), or the answer takes long.
 */
#include "engine/kvm_gate.h"

    .intel_syntax noprefix
    .section .rodata
    .globl kvm_gate_code, kvm_gate_stacked, kvm_gate_unstacked, kvm_gate_post
    .globl kvm_gate_posted, kvm_gate_end
    .balign 16
kvm_gate_code:
    mov fs:[KVM_GATE_REGISTERS + 8 * 4], rsp
kvm_gate_stacked:
    mov rsp, fs:[KVM_GATE_STACK]
    pushfq
    pop r11
    mov rsp, fs:[KVM_GATE_REGISTERS + 8 * 4]
kvm_gate_unstacked:
    cmp dword ptr fs:[KVM_GATE_POLLED], 0
    je kvm_gate_leave
    mov fs:[KVM_GATE_REGISTERS + 8 * 0], rax
    mov fs:[KVM_GATE_REGISTERS + 8 * 1], rcx
    mov fs:[KVM_GATE_REGISTERS + 8 * 2], rdx
    mov fs:[KVM_GATE_REGISTERS + 8 * 3], rbx
    mov fs:[KVM_GATE_REGISTERS + 8 * 5], rbp
    mov fs:[KVM_GATE_REGISTERS + 8 * 6], rsi
    mov fs:[KVM_GATE_REGISTERS + 8 * 7], rdi
    mov fs:[KVM_GATE_REGISTERS + 8 * 8], r8
    mov fs:[KVM_GATE_REGISTERS + 8 * 9], r9
    mov fs:[KVM_GATE_REGISTERS + 8 * 10], r10
    mov fs:[KVM_GATE_REGISTERS + 8 * 11], r11
    mov fs:[KVM_GATE_REGISTERS + 8 * 12], r12
    mov fs:[KVM_GATE_REGISTERS + 8 * 13], r13
    mov fs:[KVM_GATE_REGISTERS + 8 * 14], r14
    mov fs:[KVM_GATE_REGISTERS + 8 * 15], r15
    jmp kvm_gate_post
kvm_gate_leave:
    ud2
kvm_gate_post:                   /* r11 is in the mailbox by now */
    mov r11d, fs:[KVM_GATE_GO]
    mov fs:[KVM_GATE_EVENT], r11d
kvm_gate_posted:
    mfence
    cmp dword ptr fs:[KVM_GATE_POLLED], 0
    je 2f
    mov ecx, fs:[KVM_GATE_SPIN]
1:  cmp fs:[KVM_GATE_GO], r11d
    jne kvm_gate_resume
    pause
    dec ecx
    jg 1b
2:  ud2
kvm_gate_resume:
    mov rsp, fs:[KVM_GATE_FLAGS_AT]
    popfq
    mov rsp, fs:[KVM_GATE_REGISTERS + 8 * 4]
    mov rax, fs:[KVM_GATE_RAX]
    mov r11, fs:[KVM_GATE_R11]
    mov rcx, fs:[KVM_GATE_RIP]
    jmp rcx
kvm_gate_end:
    .section .note.GNU-stack, "", @progbits
