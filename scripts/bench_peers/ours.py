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
seeds = {seeds}

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
processes = 1

{model}"""


def measure(pool_cli: str, precision: str, scratch: Path, work: Work) -> Measurement:
    """The costs follow in a second sweep, which keeps the trial: measuring them takes processes with large batches,
    whose memory is not that of training."""
    folder = scratch / f"{work.network}-{precision}-{work.seed}"
    data = subset.of_mnist(work.train_images, scratch / f"mnist-{work.train_images}")
    limits = ["--threads", str(work.threads), "--device", "cpu"]
    trained = sweep([pool_cli], sweep_file(work, data, [work.seed], precision), folder, limits)
    measured = sweep([pool_cli], sweep_file(work, data, [work.seed], precision, cost_epochs=1), folder, limits)
    trial, costs = only_record(folder, "trials"), only_record(folder, "costs")
    check_epochs(trial, work)
    shares = [finished.others_share for finished in (trained, measured) if finished.others_share is not None]
    return Measurement(
        program=program(trial["provenance"]),
        facts=facts(trial),
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


def sweep_file(work: Work, data: Path, seeds: list[int], precision: str = "f32", cost_epochs: int = 0) -> str:
    return SWEEP.format(
        work=work,
        data=data,
        seeds=seeds,
        held_out=subset.HELD_OUT,
        precision=precision,
        cost_epochs=cost_epochs,
        model=NETWORKS[work.network].model,
    )


def sweep(pool_cli: list[str], file: str, folder: Path, limits: list[str]) -> Finished:
    """`pool_cli` is a command that starts it, and `file` what the sweep file says; the run is in `folder`."""
    path = folder.with_name(f"{folder.name}.toml")
    path.write_text(file)
    return run([*pool_cli, "sweep", str(path), "--out", str(folder), *limits])


def facts(trial: dict) -> Facts:
    images, provenance = trial["class_images"], trial["provenance"]
    return Facts(
        threads=provenance["threads"],
        train_images=sum(images["train"]),
        test_images=sum(images["test"]),
        batch_size=trial["spec"]["train"]["batch_size"],
        parameters=trial["model"]["parameters"],
    )


def check_epochs(trial: dict, work: Work) -> None:
    if len(trial["epochs"]) != work.epochs:
        fail(f"pool-cli trained {len(trial['epochs'])} epochs of {work.network}, where {work.epochs} were asked for")


def training_peak_bytes(peaks: list[dict], batch_size: int) -> int | None:
    for peak in peaks:
        if (peak["estimate"]["model"], peak["estimate"]["batch_size"]) == ("training", batch_size):
            return peak["bytes"]
    return None
