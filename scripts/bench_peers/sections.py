"""Sections of docs/benchmarks.md that other scripts write. bench-peers keeps them when it writes the rest."""

from pathlib import Path

from messages import fail
from whole_file import write_whole

TRIALS = "## Trials per hour"
CUDA = "## On a CUDA device"

# What stands there until a script has measured.
UNMEASURED = {
    TRIALS: """\
Not measured. `scripts/bench-trials --markdown docs/benchmarks.md` measures how many trainings an hour has room for,
beside Keras and PyTorch run in the same way, and writes this section.""",
    CUDA: """\
Not measured. Where there is such a device, `scripts/check-cuda --markdown docs/benchmarks.md` measures it beside
PyTorch and writes this section.""",
}


def kept(file: Path | None, heading: str) -> str:
    """The section as it stands in the file, if there is one; its heading is a part of it."""
    text = file.read_text() if file and file.exists() else ""
    return section(text, heading) or f"{heading}\n\n{UNMEASURED[heading]}"


def check(file: Path, heading: str) -> None:
    """Before something is measured for it."""
    if not file.is_file() or section(file.read_text(), heading) is None:
        fail(f'{file} has no section "{heading}", which docs/benchmarks.md has')


def put(file: Path, heading: str, body: str) -> None:
    text = file.read_text()
    found = section(text, heading)
    assert found, f"{heading} is checked before it is measured"
    write_whole(file, text.replace(found, f"{heading}\n\n{body.strip()}"))


def section(text: str, heading: str) -> str | None:
    """From its heading to the next one of the same level."""
    _, found, rest = f"\n{text}".partition(f"\n{heading}\n")
    if not found:
        return None
    body, _, _ = rest.partition("\n## ")
    return f"{heading}\n{body}".strip()
