"""Measures pool-cli: a sweep of one arm and one seed, and then the arm's costs, read from the records of the run."""

from pathlib import Path

import flop
import subset
from measurement import Facts, Measurement, OwnCosts
from messages import fail
from networks import NETWORKS
from process import Finished, run
from records import only_record, program
from work import Work

SWEEP = """\
study = "bench-peers"
seeds = [{work.seed}]

[data]
dataset = {{ dir = "{data}" }}
validation = {{ tail = {held_out} }}

[train]
epochs = {work.epochs}
batch_size = {work.batch_size}
learning_rate = {work.learning_rate}
precision = "{precision}"

[evaluation]
perturbations = "none"

[costs]
epochs = {cost_epochs}

{model}"""


def measure(pool_cli: str, precision: str, scratch: Path, work: Work) -> Measurement:
    """The costs follow in a second sweep, which keeps the trial: measuring them takes processes with large batches,
    whose memory is not that of training."""
    folder = scratch / f"{work.network}-{precision}-{work.seed}"
    data = subset.of_mnist(work.train_images, scratch / f"mnist-{work.train_images}")
    settings = {"data": data, "held_out": subset.HELD_OUT, "precision": precision, "work": work}
    trained = sweep(pool_cli, folder, settings | {"cost_epochs": 0})
    measured = sweep(pool_cli, folder, settings | {"cost_epochs": 1})
    trial, costs = only_record(folder, "trials"), only_record(folder, "costs")
    if len(trial["epochs"]) != work.epochs:
        fail(f"pool-cli trained {len(trial['epochs'])} epochs in {folder}, where {work.epochs} were asked for")
    images, provenance = trial["class_images"], trial["provenance"]
    shares = [finished.others_share for finished in (trained, measured) if finished.others_share is not None]
    return Measurement(
        program=program(provenance),
        facts=Facts(
            threads=provenance["threads"],
            train_images=sum(images["train"]),
            test_images=sum(images["test"]),
            batch_size=trial["spec"]["train"]["batch_size"],
            parameters=trial["model"]["parameters"],
        ),
        epoch_s=[epoch["train_s"] for epoch in trial["epochs"][1:]],
        train_loss=trial["epochs"][1]["train_loss"],
        prediction_s=costs["prediction"]["seconds"],
        latency_s=next(row["seconds"] for row in costs["latency"] if row["batch_size"] == 1),
        test_error=trial["test"]["evaluation"]["errors"] / trial["test"]["evaluation"]["images"],
        peak_bytes=trained.peak_bytes,
        added_peak_bytes=trial["resident_peak_bytes"],
        others_share=max(shares, default=None),
        own=OwnCosts(
            epoch_s=costs["training"]["epoch_s"],
            training_peak_bytes=training_peak_bytes(costs["memory"], work.batch_size),
            flop_per_image=flop.of_an_image(trial["model"]["layers"]),
        ),
    )


def sweep(pool_cli: str, folder: Path, settings: dict) -> Finished:
    work = settings["work"]
    file = folder.with_name(f"{folder.name}.{settings['cost_epochs']}.toml")
    file.write_text(SWEEP.format(model=NETWORKS[work.network].model, **settings))
    return run([pool_cli, "sweep", str(file), "--out", str(folder), "--threads", str(work.threads)])


def training_peak_bytes(peaks: list[dict], batch_size: int) -> int | None:
    for peak in peaks:
        if (peak["estimate"]["model"], peak["estimate"]["batch_size"]) == ("training", batch_size):
            return peak["bytes"]
    return None
