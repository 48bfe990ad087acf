"""Several trainings with a seed each, as a user would start them, from the first one's start to the last one's end."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import machine
import ours
import peers
import subset
from checks import check_facts
from measurement import Facts
from messages import fail
from process import run_side_by_side
from records import program, records
from results import OURS
from work import Work


@dataclass(frozen=True)
class Trials:
    """One round of one program. `seconds` are those of all its trials; `training_s`, `train_loss` and `test_error` have
    an entry for each: all of its epochs, the loss of the second, and a share."""

    program: str
    facts: Facts
    seconds: float
    training_s: list[float]
    train_loss: list[float]
    test_error: list[float]
    others_share: float | None

    @property
    def per_hour(self) -> float:
        return 3600 * len(self.training_s) / self.seconds


@dataclass(frozen=True)
class Programs:
    """What is started; a Python is empty where no chosen program needs it."""

    pool_cli: str
    keras_python: str
    pytorch_python: str

    def measure(self, name: str, work: Work, seeds: list[int], scratch: Path) -> Trials:
        match name:
            case "ours":
                return of_ours(self.pool_cli, work, seeds, scratch)
            case "Keras":
                return of_peer(name, work, seeds, lambda one: peers.keras(self.keras_python, one))
            case "PyTorch":
                return of_peer(name, work, seeds, lambda one: peers.pytorch(self.pytorch_python, "tutorial", one))
            case "PyTorch tuned":
                return of_peer(name, work, seeds, lambda one: peers.pytorch(self.pytorch_python, "tuned", one))
        raise ValueError(name)


NAMES = (OURS, "Keras", "PyTorch", "PyTorch tuned")


def work_of(network: str, images: int | None, epochs: int) -> Work:
    """One thread for each, and nothing predicted but the test images, once."""
    work = Work.of(network, images, epochs, threads=1, seed=0)
    return replace(work, predictions=0, latencies=0)


def of_ours(pool_cli: str, work: Work, seeds: list[int], scratch: Path) -> Trials:
    folder = scratch / f"{work.network}-{seeds[0]}"
    data = subset.of_mnist(work.train_images, scratch / f"mnist-{work.train_images}")
    file = ours.sweep_file(work, data, seeds)
    started = time.monotonic()
    finished = ours.sweep([pool_cli], file, folder, ["--device", "cpu"])
    seconds = time.monotonic() - started
    trials = [record for _, record in records(folder, "trials")]
    if len(trials) != len(seeds):
        fail(f"pool-cli left {len(trials)} records in {folder}, where {len(seeds)} were expected")
    tests = [trial["test"]["evaluation"] for trial in trials]
    for trial in trials:
        ours.check_epochs(trial, work)
    return Trials(
        program=program(trials[0]["provenance"]),
        facts=same_facts(OURS, [ours.facts(trial) for trial in trials]),
        seconds=seconds,
        training_s=[sum(epoch["train_s"] for epoch in trial["epochs"]) for trial in trials],
        train_loss=[trial["epochs"][1]["train_loss"] for trial in trials],
        test_error=[test["errors"] / test["images"] for test in tests],
        others_share=finished.others_share,
    )


def of_peer(name: str, work: Work, seeds: list[int], command: Callable[[Work], list[str]]) -> Trials:
    commands = [command(replace(work, seed=seed)) for seed in seeds]
    started = time.monotonic()
    stdouts, others_share = run_side_by_side(commands, machine.usable_processors())
    seconds = time.monotonic() - started
    results = [json.loads(stdout) for stdout in stdouts]
    return Trials(
        program=results[0]["program"],
        facts=same_facts(name, [peers.facts(result) for result in results]),
        seconds=seconds,
        training_s=[sum(result["epoch_s"]) for result in results],
        train_loss=[result["train_loss"][1] for result in results],
        test_error=[result["test_error"] for result in results],
        others_share=others_share,
    )


def same_facts(name: str, facts: list[Facts]) -> Facts:
    for one in facts[1:]:
        check_facts(name, one, facts[0])
    return facts[0]
