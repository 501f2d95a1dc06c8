"""A kernel or a container that offers no filter of system calls: Pound says so once and goes on."""

import ctypes
import errno

import pytest

from harness import SANITIZED, get
from harness.config import plain_site

pytestmark = pytest.mark.skipif(SANITIZED, reason="a build with sanitizers has no filter")

_ALLOW, _ERRNO = 0x7fff0000, 0x00050000


def refuse_seccomp():
    """From now on seccomp(2) fails in this process and its children, as with a kernel without it."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(_ALLOW))
    call = library.seccomp_syscall_resolve_name(b"seccomp")
    assert library.seccomp_rule_add(context, _ERRNO | errno.ENOSYS, call, 0) == 0
    assert library.seccomp_load(context) == 0


def test_one_warning_and_service(site):
    pound = site.pound(plain_site("Workers: 2"), web=site.backend().port,
                       popen={"preexec_fn": refuse_seccomp})
    assert get(pound.port).status == 200
    pound.kill_worker()
    assert get(pound.port).status == 200
    pound.reload()
    lines = [line for line in pound.log().splitlines() if "system calls" in line]
    assert lines == [f"pound[{pound.master}]: this system offers no filter of system calls (Function "
                     "not implemented): the workers run without one"]
