"""Runs one program to its end, and says what it wrote and what the kernel counted of it."""

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
    with tempfile.TemporaryFile("w+") as messages:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages, text=True
        )
        try:
            assert process.stdout is not None
            stdout = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if process.returncode != 0:
            messages.seek(0)
            sys.stderr.write(messages.read())
            fail(f"{shlex.join(command)} ended with exit code {process.returncode} (its message is above)")
    return Finished(stdout, peak_bytes(usage), others_share(before, processor_s(), usage))


def peak_bytes(usage: struct_rusage) -> int:
    # getrusage(2): Linux counts in KiB, macOS in bytes.
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


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
    before: tuple[float, float] | None, after: tuple[float, float] | None, usage: struct_rusage
) -> float | None:
    if before is None or after is None or after[0] <= before[0]:
        return None
    busy, own = after[1] - before[1], usage.ru_utime + usage.ru_stime
    return max(busy - own, 0.0) / (after[0] - before[0])
