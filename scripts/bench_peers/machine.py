"""What this machine is."""

import os
import platform
from pathlib import Path


def usable_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def describe() -> str:
    return (
        f"{processor_name()}, {usable_processors()} processors, {memory_gib():.0f} GiB of memory, "
        f"{platform.system()} {platform.release()} on {platform.machine()}"
    )
