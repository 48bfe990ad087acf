"""Compare what TensorBoard reads from a run's event files with the records of its trials.

scripts/check-tensorboard starts this with the Python that has TensorBoard. The record is the truth: everything is
expected from it, and nothing that it does not say may be in an event file.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

EVENT_FILES = "events.out.tfevents.*"

# Times are 64-bit seconds since 1970, which are good to a fraction of a microsecond, and sums of measured durations.
TIME_TOLERANCE_S = 1e-3

TAGS = {
    "loss/train": "train_loss",
    "loss/validation": "validation_loss",
    "error/train": "train_error",
    "error/validation": "validation_error",
    "epoch_seconds/train": "train_s",
}


@dataclass(frozen=True)
class Point:
    """One scalar; None where the record has null, which stands for every number that JSON has not."""

    step: int
    value: float | None
    wall_time: float


Curves = dict[str, list[Point]]


def expected_curves(record: dict) -> Curves:
    wall_time = seconds(record["provenance"]["started"])
    curves: Curves = {}
    for epoch in record["epochs"]:
        wall_time += epoch["train_s"] + epoch["validation_s"]
        for tag, field in TAGS.items():
            curves.setdefault(tag, []).append(Point(epoch["epoch"], epoch[field], wall_time))
    best, test = record["best_epoch"], record["test"]
    if best is not None and test is not None:
        ended = seconds(record["provenance"]["ended"])
        curves["error/test"] = [Point(best, test["evaluation"]["errors"] / test["evaluation"]["images"], ended)]
    return curves


def found_curves(folder: Path) -> Curves:
    # Without the guidance, TensorBoard would keep a sample of long curves.
    accumulator = EventAccumulator(str(folder), size_guidance={SCALARS: 0})
    accumulator.Reload()
    scalars = {tag: accumulator.Scalars(tag) for tag in accumulator.Tags()[SCALARS]}
    return {tag: [Point(one.step, one.value, one.wall_time) for one in curve] for tag, curve in scalars.items()}


def seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def differences(expected: Curves, found: Curves) -> Iterator[str]:
    for tag in sorted(expected.keys() | found.keys()):
        steps = [[point.step for point in curves.get(tag, [])] for curves in (expected, found)]
        if steps[0] != steps[1]:
            yield f"{tag}: steps {steps[1]}, where the record has {steps[0]}"
            continue
        for mine, theirs in zip(expected[tag], found[tag], strict=True):
            if not same_value(mine.value, theirs.value):
                yield f"{tag}, step {mine.step}: {theirs.value}, where the record has {mine.value}"
            if not abs(mine.wall_time - theirs.wall_time) <= TIME_TOLERANCE_S:
                yield f"{tag}, step {mine.step}: at {theirs.wall_time} s, where the record has {mine.wall_time} s"


def same_value(recorded: float | None, read: float) -> bool:
    return not math.isfinite(read) if recorded is None else np.float32(recorded) == np.float32(read)


def check_trial(trial: Path) -> list[str]:
    """Prints what was compared, or what differs."""
    record = json.loads((trial / "record.json").read_text())
    files = sorted((trial / "tensorboard").glob(EVENT_FILES))
    if len(files) == 1:
        expected, found = expected_curves(record), found_curves(files[0].parent)
        problems = list(differences(expected, found))
        points = sum(len(curve) for curve in expected.values())
        summary = f"{points} scalars under {len(expected)} tags are equal"
    else:
        problems = [f"{len(files)} event files in {trial / 'tensorboard'}, where one is expected"]
    for line in problems or [summary]:
        print(f"{trial.name}: {line}")
    return problems


def check_run(run: Path) -> list[str]:
    trials = sorted(path.parent for path in run.glob("trials/*/record.json"))
    problems = [problem for trial in trials for problem in check_trial(trial)]
    if not trials:
        problems.append("no record")
        print(f"{run}: no trial has a record, so nothing was compared")
    known = {trial / "tensorboard" for trial in trials}
    for stray in sorted(path for path in run.rglob(EVENT_FILES) if path.parent not in known):
        problems.append("stray")
        print(f"{stray}: belongs to no trial with a record")
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    args = parser.parse_args()
    print(f"read with tensorboard {version('tensorboard')}")
    problems = [problem for run in args.runs for problem in check_run(run)]
    print(f"problems: {len(problems)}" if problems else "all is equal")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
