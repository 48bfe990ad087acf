"""Trains on the device, and asks the processor what the same weights do."""

import json
from dataclasses import dataclass
from pathlib import Path

import ours
from messages import fail
from process import run
from pool_cli import PoolCli
from records import records

# 32-bit sums in another order, through twenty layers: of losses, absolute and relative, and of images near a border.
LOSS_TOLERANCE = 1e-4
ERROR_TOLERANCE = 1


@dataclass(frozen=True)
class Trained:
    """A trial's folder, and its record."""

    folder: Path
    record: dict

    @property
    def arm(self) -> str:
        return self.record["spec"]["arm"]

    @property
    def test(self) -> dict:
        return self.record["test"]["evaluation"]

    @property
    def epoch_s(self) -> float:
        return self.record["epochs"][-1]["train_s"]


def train(pool_cli: PoolCli, device: str, sweep: str, folder: Path) -> list[Trained]:
    """The trials of a sweep file, in the order of its arms."""
    ours.sweep(pool_cli.exact(), sweep, folder, ["--device", device, "--jobs", "1"])
    trained = [Trained(path.parent, record) for path, record in records(folder, "trials")]
    for one in trained:
        if one.record["provenance"]["device"] != device:
            fail(f"the record in {one.folder} says that it was trained on {one.record['provenance']['device']}")
    return sorted(trained, key=lambda one: sweep.index(f'name = "{one.arm}"'))


@dataclass(frozen=True)
class Comparison:
    """The test images' evaluations: by the device, and by the processor with the device's weights."""

    there: dict
    here: dict

    @classmethod
    def of(cls, pool_cli: PoolCli, trained: Trained) -> "Comparison":
        finished = run([*pool_cli.exact(), "evaluate", str(trained.folder), "--json"])
        return cls(trained.test, json.loads(finished.stdout)["evaluation"])

    @property
    def agrees(self) -> bool:
        loss_difference = abs(self.there["loss"] - self.here["loss"])
        return (
            abs(self.there["errors"] - self.here["errors"]) <= ERROR_TOLERANCE
            and loss_difference <= LOSS_TOLERANCE * (1 + self.here["loss"])
        )

    @property
    def mark(self) -> str:
        return "" if self.agrees else "  DIFFERS"
