#!/usr/bin/python3
"""Runs tests and prints a last line: N passed, N failed, N skipped. Exits with 1 on a failure.

A test of t/e2e that failed and passed the second time counts as passed; the line adds: N unsteady.

The Makefile calls it: t/check.py --out build/release --pound build/pound [--only X] unit fuzz e2e
With --emulator COMMAND, the unit tests are programs for another processor.
"""
import argparse
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM_SECONDS = 900  # limit for one unit or replay program
E2E_SECONDS = 3600     # limit for one run of pytest
AT_ONCE = 2            # programs, or runs of pytest; the tests mostly wait
AGAIN = 3              # so many failed tests of a part of t/e2e are run a second time, alone


class Tally:
    """The result of one program or of one run of pytest."""

    def __init__(self, name, passed=0, failed=0, skipped=0, output=''):
        self.name, self.passed, self.failed, self.skipped = name, passed, failed, skipped
        self.output = output
        self.unsteady = 0  # tests that passed only the second time
        self.seconds = 0.0

    def line(self):
        text = f'{self.name}: {self.passed} passed, {self.failed} failed'
        if self.skipped:
            text += f', {self.skipped} skipped'
        return f'{text} ({self.seconds:.1f} s)'

    def failures(self):
        """One line for each failed test of pytest, with the reason."""
        return re.findall(r'^(?:FAILED|ERROR) .*', self.output, re.MULTILINE)


RUNNING = set()


def run_program(command, seconds, environment=None, prefix=None):
    """Runs a command; returns (exit status, or None after the time limit, output).

    With a prefix, shows each line of the output at once. The time limit ends the process group.
    """
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                               text=True, errors='replace', stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    RUNNING.add(process)
    is_late = threading.Event()

    def end():
        is_late.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(seconds, end)
    timer.start()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if prefix is not None:
            print(prefix + line, end='', flush=True)
    status = process.wait()
    timer.cancel()
    RUNNING.discard(process)
    return None if is_late.is_set() else status, ''.join(lines)


def interrupt(*_):
    """Ctrl-C reaches only this process. On SIGINT pytest ends its daemons."""
    for process in list(RUNNING):
        os.killpg(process.pid, signal.SIGINT)
    sys.exit(128 + signal.SIGINT)


def describe(status, seconds):
    if status is None:
        return f'has not ended within {seconds} s'
    if status < 0:
        return f'was killed by signal {-status} ({signal.strsignal(-status)})'
    return f'exited with status {status}'


def read_doctest(name, status, output):
    found = re.search(r'test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped',
                      output)
    tally = Tally(name, output=output)
    if found:
        _, tally.passed, tally.failed, tally.skipped = map(int, found.groups())
    if status != 0 and not (found and tally.failed):
        # It crashed, or a sanitizer found something after the last test.
        tally.failed += 1
        tally.output += f'\n{name} {describe(status, PROGRAM_SECONDS)}\n'
    return tally


def run_unit(program, emulator=()):
    started = time.monotonic()
    status, output = run_program([*emulator, str(program), '--no-colors=1'], PROGRAM_SECONDS)
    tally = read_doctest(program.name, status, output)
    tally.seconds = time.monotonic() - started
    return tally


def run_replay(program):
    started = time.monotonic()
    corpus = ROOT / 't/fuzz/corpus' / program.name.removeprefix('replay_')
    if not corpus.is_dir():
        return Tally(program.name, failed=1, output=f'no corpus: {corpus.relative_to(ROOT)}\n')
    status, output = run_program([str(program), str(corpus)], PROGRAM_SECONDS)
    tally = Tally(program.name, passed=int(status == 0), failed=int(status != 0), output=output)
    if status != 0:
        tally.output += f'\n{program.name} {describe(status, PROGRAM_SECONDS)}\n'
    tally.seconds = time.monotonic() - started
    return tally


def programs(out, prefix, only):
    """The programs in `out` that still have sources."""
    wanted = only.split()
    for program in sorted(out.glob(prefix + '*')):
        name = program.name.removeprefix(prefix)
        if not os.access(program, os.X_OK) or program.suffix or (wanted and name not in wanted):
            continue
        source = f't/unit/{name}/test_*.cc' if prefix == 'unit_' else f't/fuzz/fuzz_{name}.cc'
        if any(ROOT.glob(source)):
            yield program


def run_all(function, found):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for tally in pool.map(function, found):
            if tally.failed:
                print(f'--- {tally.name}\n{tally.output.rstrip()}', flush=True)
            print(tally.line(), flush=True)
            yield tally


def read_pytest(name, status, output):
    """Takes the counts from the last line of pytest; an error in a fixture is a failure, too."""
    summary = ''
    for line in output.splitlines():
        if re.search(r'\d+ (passed|failed|error|errors|skipped|deselected).* in [\d.]+s', line):
            summary = line
    count = {word: int(number) for number, word in re.findall(r'(\d+) ([a-z]+)', summary)}
    tally = Tally(name, passed=count.get('passed', 0) + count.get('xpassed', 0),
                  failed=count.get('failed', 0) + count.get('error', 0) + count.get('errors', 0),
                  skipped=count.get('skipped', 0) + count.get('xfailed', 0), output=output)
    no_tests = 5
    if status not in (0, no_tests) and not tally.failed:
        tally.failed = 1
        print(f'{name}: pytest {describe(status, E2E_SECONDS)}')
    return tally


def e2e_parts(only):
    """The parts of t/e2e that may run at the same time, the largest first.

    Two runs of pytest take about half the time of one, because the tests mostly wait. A selection
    is short, so it is one part.
    """
    if only:
        return [ROOT / 't/e2e']
    sizes = {}
    for path in (ROOT / 't/e2e').rglob('test_*.py'):
        part = path if path.parent.name == 'e2e' else path.parent
        sizes[part] = sizes.get(part, 0) + path.stat().st_size
    return sorted(sizes, key=sizes.get, reverse=True)


def run_e2e(arguments):
    """Runs t/e2e in parts and shows the output at once, because the tests take minutes.

    The tests use real sockets and real time. If a few of a part fail, they run once more when
    nothing else runs. One that passes then is reported as unsteady, with its first failure.
    """
    environment = dict(os.environ, POUND=str(arguments.pound.resolve()),
                       DEMO_BACKEND=str((arguments.out / 'demo_backend').resolve()),
                       CHECK_MANY=str((arguments.out / 'check_many').resolve()),
                       PYTHONDONTWRITEBYTECODE='1')
    if 'address' in arguments.out.name:
        environment.setdefault('TEST_TIMEOUT_SCALE', '3')  # sanitized programs are slow
    # Below the build directory the names of Unix sockets could become too long.
    directory = pathlib.Path(tempfile.mkdtemp(prefix='pound-e2e-'))

    def run_part(part, folder, *more):
        started = time.monotonic()
        command = [sys.executable, '-B', '-m', 'pytest', str(part.relative_to(ROOT)), '-q',
                   '-o', f'cache_dir={directory / "cache" / part.stem}', '--color=no', '--tb=short',
                   '-rfEs', f'--basetemp={directory / folder}', *more]
        if arguments.only:
            command += ['-k', arguments.only]
        status, output = run_program(command, E2E_SECONDS, environment, f'{part.name}: ')
        tally = read_pytest(f'e2e/{part.name}', status, output)
        tally.seconds = time.monotonic() - started
        print(tally.line(), flush=True)
        return tally

    parts = e2e_parts(arguments.only)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tallies = list(pool.map(lambda part: run_part(part, part.stem), parts))
    for part, tally in zip(parts, tallies):
        if 0 < tally.failed <= AGAIN and len(tally.failures()) == tally.failed:
            second = run_part(part, f'{part.stem}-again', '--last-failed',
                              '--last-failed-no-failures=none')
            if second.failed == 0 and second.passed == tally.failed:
                tally.unsteady, tally.failed = tally.failed, 0
                tally.passed += tally.unsteady
    if any(tally.failed for tally in tallies):
        print(f'the files of the tests are in {directory}')
    else:
        shutil.rmtree(directory, ignore_errors=True)
    return tallies


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=pathlib.Path, required=True)
    parser.add_argument('--pound', type=pathlib.Path, required=True)
    parser.add_argument('--only', default='')
    parser.add_argument('--emulator', default='', help='the command that runs unit tests')
    parser.add_argument('kinds', nargs='+', choices=['unit', 'fuzz', 'e2e'])
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, interrupt)
    out = arguments.out.resolve()

    tallies = []
    if 'unit' in arguments.kinds:
        run = functools.partial(run_unit, emulator=arguments.emulator.split())
        tallies += run_all(run, programs(out, 'unit_', arguments.only))
    if 'fuzz' in arguments.kinds:
        tallies += run_all(run_replay, programs(out, 'replay_', arguments.only))
    if 'e2e' in arguments.kinds and (ROOT / 't/e2e').is_dir():
        tallies += run_e2e(arguments)

    passed, failed, skipped = (sum(getattr(tally, word) for tally in tallies)
                               for word in ('passed', 'failed', 'skipped'))
    unsteady = sum(tally.unsteady for tally in tallies)
    for tally in tallies:
        if tally.failed or tally.unsteady:
            print(f'{"FAILED" if tally.failed else "unsteady"}: {tally.name}',
                  *tally.failures(), sep='\n  ')
    print(f'{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else '') +
          (f', {unsteady} unsteady' if unsteady else ''))
    return 1 if failed or passed == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
