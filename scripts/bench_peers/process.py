"""Runs programs to their end, and says what they wrote and what the kernel counted of them."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage

from messages import fail


@dataclass(frozen=True)
class Finished:
    """`peak_bytes` is the largest resident memory of the process or of any that it started and waited for;
    `others_share` is the part of the machine's processor time that other processes took meanwhile."""

    stdout: str
    peak_bytes: int
    others_share: float | None


def run(command: Sequence[str]) -> Finished:
    before = processor_s()
    program = Program(command)
    try:
        _, status, usage = os.wait4(program.pid, 0)
    except BaseException:
        program.stop()
        raise
    stdout = program.ended(status)
    return Finished(stdout, peak_bytes(usage), others_share(before, processor_s(), own_s(usage)))


def run_side_by_side(commands: Sequence[Sequence[str]], at_once: int) -> tuple[list[str], float | None]:
    """So many at a time, the next as soon as one has ended. What each wrote, and the part of the machine's processor
    time that processes other than all of these took meanwhile."""
    before, sum_s = processor_s(), 0.0
    stdouts = [""] * len(commands)
    running: dict[int, tuple[int, Program]] = {}
    try:
        for index, command in enumerate(commands):
            program = Program(command)
            running[program.pid] = index, program
            # The next one needs a place; after the last one, all are waited for.
            most = at_once - 1 if index < len(commands) - 1 else 0
            while len(running) > most:
                pid, status, usage = os.wait4(-1, 0)
                ended, program = running.pop(pid)
                stdouts[ended] = program.ended(status)
                sum_s += own_s(usage)
    except BaseException:
        for _, program in running.values():
            program.stop()
        raise
    return stdouts, others_share(before, processor_s(), sum_s)


class Program:
    """A program that has been started and that whoever started it waits for."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command
        self.stdout, self.messages = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.stdout, stderr=self.messages, text=True
        )
        self.pid = self.process.pid

    def ended(self, status: int) -> str:
        """What it wrote, if it ended well with this status, which the kernel gave."""
        self.process.returncode = os.waitstatus_to_exitcode(status)
        with self.stdout, self.messages:
            if self.process.returncode != 0:
                self.messages.seek(0)
                sys.stderr.write(self.messages.read())
                code = self.process.returncode
                fail(f"{shlex.join(self.command)} ended with exit code {code} (its message is above)")
            self.stdout.seek(0)
            return self.stdout.read()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def peak_bytes(usage: struct_rusage) -> int:
    # getrusage(2): Linux counts in KiB, macOS in bytes.
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def own_s(usage: struct_rusage) -> float:
    """Processor time of a process and of all that it started and waited for, seconds."""
    return usage.ru_utime + usage.ru_stime


def processor_s() -> tuple[float, float] | None:
    """Seconds of all processors together since the machine started, as (all, at work); none outside Linux."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return None
    # user, nice, system, idle, iowait, irq, softirq, steal; what guests take is in user already. (proc(5))
    ticks = [int(word) for word in stat.read_text().split("\n", 1)[0].split()[1:9]]
    hertz = os.sysconf("SC_CLK_TCK")
    return sum(ticks) / hertz, (sum(ticks) - sum(ticks[3:5])) / hertz


def others_share(
    before: tuple[float, float] | None, after: tuple[float, float] | None, own: float
) -> float | None:
    if before is None or after is None or after[0] <= before[0]:
        return None
    return max(after[1] - before[1] - own, 0.0) / (after[0] - before[0])
