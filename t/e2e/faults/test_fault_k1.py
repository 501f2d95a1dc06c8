"""Fault K1: the build on processors other than amd64."""

import os
import shutil
import subprocess

import pytest

from harness import ROOT

# A stand-in for a compiler. It knows the options in $KNOWN and no other of -f…protection and -m….
COMPILER = """#!/bin/bash
for option; do
  case $option in
    -fcf-protection | -mbranch-protection=*)
      [[ " $KNOWN " == *" $option "* ]] || { echo "$option is not supported" >&2; exit 1; } ;;
  esac
done
[[ " $* " == *" -c "* ]] && echo "$*" >>"$CALLS"
exit 0
"""


@pytest.mark.parametrize("known", ["", "-fcf-protection", "-mbranch-protection=standard"])
def test_fault_K1_a_protection_that_the_compiler_does_not_know_is_left_out(tmp_path, known):
    for name, text in (("g++", COMPILER), ("pkg-config", "#!/bin/bash\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    calls = tmp_path / "calls"
    done = subprocess.run(
        ["make", "-s", f"out={tmp_path}/out", f"{tmp_path}/out/worker/http/verdict.o"], cwd=ROOT,
        env=dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}", KNOWN=known,
                 CALLS=str(calls), MAKEFLAGS=""), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    options = [o for o in calls.read_text().split() if "-protection" in o]
    assert options == known.split()


def test_fault_K1_a_32_bit_compiler_is_told_that_pound_needs_64_bits(tmp_path):
    compilers = [c for c in (["g++", "-m32"], ["arm-linux-gnueabihf-g++"]) if shutil.which(c[0])]
    source = tmp_path / "main.cc"
    source.write_text('#include "shm/layout.h"\n')
    for compiler in compilers:
        done = subprocess.run([*compiler, "-I.", "-fsyntax-only", str(source)], cwd=ROOT,
                              capture_output=True, text=True, check=False)
        if "unrecognized" in done.stderr:
            continue
        assert done.returncode != 0
        errors = [line for line in done.stderr.splitlines() if "error: " in line]
        assert errors[0].endswith('"Pound needs a 64-bit processor and compiler, for example amd64, '
                                  'arm64, ppc64el or s390x"'), errors
        return
    pytest.skip("no compiler for 32 bits")
