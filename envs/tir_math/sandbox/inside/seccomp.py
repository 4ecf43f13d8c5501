"""A filter on system calls: a second wall behind the namespaces.

What arithmetic never needs is refused with EPERM: sockets (but for pairs within the process),
other processes' memory and limits, namespaces, mounts, shared memory that outlives a call, files
in memory, which no limit counts, the kernel's log, and its large young subsystems.
"""

import ctypes
import os
import struct
from functools import cache

from . import linux

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000

REFUSED = {
    "x86_64": {
        "socket": 41, "shmget": 29, "semget": 64, "msgget": 68, "ptrace": 101, "personality": 135,
        "pivot_root": 155, "chroot": 161, "acct": 163, "mount": 165, "umount2": 166,
        "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170, "setdomainname": 171,
        "init_module": 175, "delete_module": 176, "quotactl": 179, "mq_open": 240,
        "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272,
        "perf_event_open": 298, "fanotify_init": 300, "name_to_handle_at": 303,
        "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "bpf": 321,
        "userfaultfd": 323, "memfd_create": 319, "syslog": 103,
    },
    "aarch64": {
        "socket": 198, "shmget": 194, "semget": 190, "msgget": 186, "ptrace": 117,
        "personality": 92, "pivot_root": 41, "chroot": 51, "acct": 89, "mount": 40,
        "umount2": 39, "swapon": 224, "swapoff": 225, "reboot": 142, "sethostname": 161,
        "setdomainname": 162, "init_module": 105, "delete_module": 106, "quotactl": 60,
        "mq_open": 180, "kexec_load": 104, "add_key": 217, "request_key": 218, "keyctl": 219,
        "unshare": 97, "perf_event_open": 241, "fanotify_init": 262, "name_to_handle_at": 264,
        "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "bpf": 280,
        "userfaultfd": 282, "memfd_create": 279, "syslog": 116,
    },
}  # fmt: skip
# Since Linux 5.1 new calls have one number everywhere: pidfd_send_signal, io_uring (3 calls),
# open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, pidfd_open, pidfd_getfd, mount_setattr,
# memfd_secret, statmount, listmount.
REFUSED_EVERYWHERE = (
    424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 442, 447, 457, 458
)  # fmt: skip
CLONE3 = 435  # its flags lie in memory, where a filter cannot look: the C library then uses clone
CLONE = {"x86_64": 56, "aarch64": 220}
PRLIMIT = {"x86_64": 302, "aarch64": 261}
PRCTL = {"x86_64": 157, "aarch64": 167}
NEW_NAMESPACE = 0x7E020000

LOAD, JUMP_EQUAL, JUMP_ANY_BIT, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
NUMBER, ARCH, FIRST_ARGUMENT = 0, 4, 16  # offsets in the kernel's seccomp_data
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38


def install() -> None:
    """Put the filter on this process and everything it starts; it cannot be taken off.

    Raises:
        OSError: If the kernel has no filters, or this process may not set one.
    """
    steps = program()
    code = ctypes.create_string_buffer(steps, len(steps))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(steps) // 8, ctypes.addressof(code))
    )
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.prctl(linux.PR_SET_SECCOMP, 2, ctypes.byref(header))


@cache
def program() -> bytes:
    """Return the filter of this machine in BPF, the language of such filters."""
    machine = os.uname().machine
    refuse = _step(RETURN, ERRNO | EPERM)
    steps = [
        _step(LOAD, ARCH), _step(JUMP_EQUAL, AUDIT_ARCH[machine], 1, 0), _step(RETURN, KILL),
        _step(LOAD, NUMBER), _step(JUMP_AT_LEAST, X32_BIT, 0, 1), refuse,
        _step(JUMP_EQUAL, CLONE3, 0, 1), _step(RETURN, ERRNO | ENOSYS),
    ]  # fmt: skip
    for number in (*REFUSED[machine].values(), *REFUSED_EVERYWHERE):
        steps += [_step(JUMP_EQUAL, number, 0, 1), refuse]
    # clone into a namespace; another process's limits; prctl of the signal at the parent's death.
    for number, (jump, value, yes, no) in {
        CLONE[machine]: (JUMP_ANY_BIT, NEW_NAMESPACE, 0, 1),
        PRLIMIT[machine]: (JUMP_EQUAL, 0, 1, 0),
        PRCTL[machine]: (JUMP_EQUAL, linux.PR_SET_PDEATHSIG, 0, 1),
    }.items():
        steps += [
            _step(JUMP_EQUAL, number, 0, 4), _step(LOAD, FIRST_ARGUMENT),
            _step(jump, value, yes, no), refuse, _step(RETURN, ALLOW),
        ]  # fmt: skip
    return b"".join([*steps, _step(RETURN, ALLOW)])


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
