"""Epochs on the device by pool-cli and by PyTorch, which computes eagerly and by CUDA graphs."""

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import machine
import ours
import peers
import subset
from checks import check_facts
from messages import say
from networks import NETWORKS
from process import run
from pool_cli import PoolCli
from records import only_record, program
from results import OURS
from spread import Spread
from table import Table
from work import EPOCH_IMAGES, Work

# The first of each training warms up and is not counted.
EPOCHS = 4
WAYS = {"eager": "PyTorch", "graphs": "PyTorch, CUDA graphs"}
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Times:
    """Of one network: `epoch_s` by program, without the first epoch, for all of EPOCH_IMAGES, and the `train_loss` of
    the second."""

    network: str
    epoch_s: dict[str, list[float]]
    train_loss: dict[str, float]
    programs: list[str]
    device: str


def measure(pool_cli: PoolCli, python: str, images: int, scratch: Path) -> list[Times]:
    found = []
    for name in NETWORKS:
        work = Work.of(name, images, EPOCHS, machine.usable_processors(), seed=1)
        found.append(measure_network(pool_cli, python, work, scratch))
        told = ", ".join(f"{program} {median(seconds):.3f} s" for program, seconds in found[-1].epoch_s.items())
        say(f"{name}: {told}")
    return found


def measure_network(pool_cli: PoolCli, python: str, work: Work, scratch: Path) -> Times:
    trial = train_ours(pool_cli, work, scratch)
    peer = train_pytorch(pool_cli, python, work)
    check_facts("PyTorch", peers.facts(peer), ours.facts(trial))
    epoch_s = {OURS: [epoch["train_s"] for epoch in trial["epochs"]]}
    epoch_s |= {WAYS[way]: seconds for way, seconds in peer["epoch_s"].items()}
    train_loss = {OURS: trial["epochs"][1]["train_loss"]}
    train_loss |= {WAYS[way]: losses[1] for way, losses in peer["train_loss"].items()}
    scale = EPOCH_IMAGES / work.train_images
    return Times(
        network=work.network,
        epoch_s={name: [one * scale for one in seconds[1:]] for name, seconds in epoch_s.items()},
        train_loss=train_loss,
        programs=[program(trial["provenance"]), peer["program"]],
        device=peer["device"],
    )


def train_ours(pool_cli: PoolCli, work: Work, scratch: Path) -> dict:
    folder = scratch / f"times of {work.network}"
    data = subset.of_mnist(work.train_images, scratch / f"mnist-{work.train_images}")
    limits = ["--threads", str(work.threads), "--device", pool_cli.device]
    ours.sweep(pool_cli.fast(), ours.sweep_file(work, data, [work.seed]), folder, limits)
    trial = only_record(folder, "trials")
    ours.check_epochs(trial, work)
    return trial


def train_pytorch(pool_cli: PoolCli, python: str, work: Work) -> dict:
    ways = WAYS if pool_cli.on_cuda else ["eager"]
    command = [python, str(HERE / "pytorch_epochs.py"), work.to_json(), pool_cli.device, *ways]
    return json.loads(run(command).stdout)


def table(found: list[Times]) -> Table:
    names = list(found[0].epoch_s)
    header = ["network", "batch", f"{OURS}, s"]
    for name in names[1:]:
        header += [f"{name}, s", f"to {OURS}"]
    return Table(header, [row(one) for one in found])


def row(times: Times) -> list[str]:
    cells = [times.network, str(NETWORKS[times.network].batch_size)]
    for name, seconds in times.epoch_s.items():
        cells.append(Spread.of(seconds).text(3))
        if name != OURS:
            cells.append(f"{median(seconds) / median(times.epoch_s[OURS]):.2f}")
    return cells
