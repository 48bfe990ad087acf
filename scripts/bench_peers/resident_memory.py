"""Peak resident memory of this process beyond what is resident at the start, as the kernel counts it."""

from contextlib import suppress
from pathlib import Path


class PeakMemory:
    """Follows the peak from the moment it is made, as pool-cli does in its trials. Tells nothing outside Linux."""

    def __init__(self) -> None:
        # Writing 5 resets the kernel's high-water mark (proc(5), clear_refs), so that the peak of loading data does
        # not count. Where that is refused, the peak can only come out too high.
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        self.before_bytes = status_bytes("VmRSS:")

    def added_bytes(self) -> int | None:
        peak_bytes = status_bytes("VmHWM:")
        if peak_bytes is None or self.before_bytes is None:
            return None
        return max(peak_bytes - self.before_bytes, 0)


def status_bytes(field: str) -> int | None:
    """A field of `/proc/self/status`, which counts in KiB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = (line for line in status.read_text().splitlines() if line.startswith(field))
    return next((int(line.split()[1]) * 1024 for line in lines), None)
