"""Runs poundctl against a daemon under test, as an operator would."""

import subprocess

from .daemon import POUND
from .timing import TIMEOUT


def command_of(pound, *args):
    """The arguments of Popen; `executable` is the program of the daemon."""
    return {"args": ["poundctl", "-f", str(pound.config_file), *map(str, args)],
            "executable": POUND}


def run_poundctl(*args, **kwargs):
    return subprocess.run(["poundctl", *map(str, args)], executable=POUND, check=False, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, **kwargs)


def poundctl(pound, *args, status=0):
    """Runs a command, which must end with `status`; returns standard output, or the error."""
    done = run_poundctl("-f", pound.config_file, *args)
    assert done.returncode == status, done
    assert (done.stderr if status == 0 else done.stdout) == "", done
    return done.stdout if status == 0 else done.stderr
