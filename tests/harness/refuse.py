"""python3 -m harness.refuse COMMAND...: runs a command to which the kernel refuses perf events, as the seccomp profiles
of containers do."""

import ctypes
import errno
import os
import struct
import sys

PERF_EVENT_OPEN = 298  # arch/x86/entry/syscalls/syscall_64.tbl
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h: LD|W|ABS, JMP|JEQ|K, RET|K
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def refuse(number):
    """For this process and all that come of it."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in (
        (LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)))
    kept = ctypes.create_string_buffer(code, len(code))
    program = Filter(len(code) // 8, ctypes.addressof(kept))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")


if __name__ == "__main__":
    refuse(PERF_EVENT_OPEN)
    os.execvp(sys.argv[1], sys.argv[1:])
