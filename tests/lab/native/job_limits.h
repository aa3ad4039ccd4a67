/* Lets a process ask for the limits of its job, which Wine 8 keeps and obeys but reports as none.
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ansible's async tasks ask whether they may leave the job of the remote shell; where they may not, they go a way through WMI
 * that ends in an error under Wine. So NtQueryInformationJobObject of the new process is led to code that answers the limits
 * of winrshost.exe's job. A Wine whose function begins otherwise, or which answers by itself, is left alone. */
#ifndef JOB_LIMITS_H
#define JOB_LIMITS_H
#include <windows.h>
#include <string.h>

#define LIMITS_BEGINNING 16  /* mov r10,rcx; mov eax,NUMBER; test byte [0x7ffe0308],1: whole instructions that run anywhere */
#define JUMP_SIZE 14         /* jmp [rip]; ADDRESS */

static const unsigned char answer_limits[] = {
    0x83, 0xfa, 0x02,                                /* cmp edx, JobObjectBasicLimitInformation */
    0x75, 0x18,                                      /* jne to the original's beginning */
    0x57,                                            /* push rdi */
    0x4c, 0x89, 0xc7,                                /* mov rdi, r8: the buffer */
    0xb9, 0x08, 0x00, 0x00, 0x00,                    /* mov ecx, sizeof(JOBOBJECT_BASIC_LIMIT_INFORMATION) / 8 */
    0x31, 0xc0,                                      /* xor eax, eax */
    0xf3, 0x48, 0xab,                                /* rep stosq */
    0x5f,                                            /* pop rdi */
    0x41, 0xc7, 0x40, 0x10, 0x00, 0x28, 0x00, 0x00,  /* mov dword [r8+16], KILL_ON_JOB_CLOSE | BREAKAWAY_OK */
    0xc3                                             /* ret: STATUS_SUCCESS */
};

static void jump(unsigned char *code, const void *target)
{
    static const unsigned char instruction[] = {0xff, 0x25, 0, 0, 0, 0};
    memcpy(code, instruction, sizeof instruction);
    memcpy(code + sizeof instruction, &target, sizeof target);
}

/* The process must be suspended still, and ntdll lie where it lies here. */
static void report_job_limits(HANDLE process)
{
    static const unsigned char known[] = {0x4c, 0x8b, 0xd1, 0xb8}, test[] = {0xf6, 0x04, 0x25, 0x08, 0x03, 0xfe, 0x7f, 0x01};
    unsigned char *function = (unsigned char *)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQueryInformationJobObject");
    unsigned char beginning[LIMITS_BEGINNING], code[sizeof answer_limits + LIMITS_BEGINNING + JUMP_SIZE], patch[JUMP_SIZE];
    unsigned char *memory;
    DWORD protection;

    if (!ReadProcessMemory(process, function, beginning, sizeof beginning, 0)) return;
    if (memcmp(beginning, known, sizeof known) || memcmp(beginning + 8, test, sizeof test)) return;
    memory = VirtualAllocEx(process, 0, sizeof code, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    if (!memory) return;
    memcpy(code, answer_limits, sizeof answer_limits);
    memcpy(code + sizeof answer_limits, beginning, sizeof beginning);
    jump(code + sizeof answer_limits + sizeof beginning, function + sizeof beginning);
    jump(patch, memory);
    if (!WriteProcessMemory(process, memory, code, sizeof code, 0)) return;
    if (!VirtualProtectEx(process, function, sizeof patch, PAGE_EXECUTE_READWRITE, &protection)) return;
    WriteProcessMemory(process, function, patch, sizeof patch, 0);
    VirtualProtectEx(process, function, sizeof patch, protection, &protection);
}

#endif
