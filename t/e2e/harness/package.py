"""Makes the Debian package of the program under test, without compiling it again."""

import os
import subprocess

from .daemon import POUND, ROOT
from .timing import scaled


def make_deb(folder, script=ROOT / "init" / "make-deb"):
    """Runs the script in the folder, with the program without its debugging information. Returns a
    CompletedProcess; the last line of its output is the path of the package, relative to the folder."""
    program = folder / "program"
    subprocess.run(["strip", "-o", program, POUND], check=True, timeout=scaled(60))
    return subprocess.run(
        [script, folder / "packages"], check=False, capture_output=True, text=True, cwd=folder,
        timeout=scaled(180), env=dict(os.environ, POUND_BUILT=str(program)))
