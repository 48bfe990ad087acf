"""Measures one trial of pool-cli: its epochs from its record, its memory and the whole command from outside."""

import time
from dataclasses import dataclass
from pathlib import Path

import idx_files
from messages import fail
from process import run
from quantities import Case, Pictures
from records import only_record, program

SWEEP = """\
study = "bench-growth"
seeds = [1]

[data]
dataset = {{ dir = "{pictures}" }}
validation = {{ tail = {validation} }}

[train]
epochs = {case.epochs}
batch_size = {case.batch_size}
learning_rate = 0.001

[evaluation]
perturbations = "none"

[costs]
epochs = 0

"""

STUDY = """\
[model]
layers = [
    {{ conv2d = {{ filters = {case.filters}, kernel = 5, activation = "relu" }} }},
    "pool",
    {{ dropout = 0.2 }},
    "flatten",
    {{ dense = {{ units = 128, activation = "relu" }} }},
    "logits",
]

[[arm]]
name = "maximum"
pool = "max"
"""

RESNET8 = """\
[model]
network = "resnet8"

[[arm]]
name = "strided convolution"
fill = { down = "strided_conv", shortcut = "strided_conv" }
"""


@dataclass(frozen=True)
class Trial:
    """`epoch_s` is without the first epoch, which warms up. `peak_bytes` is the most that the trial's process had
    resident after loading, when it resets the kernel's count. `added_bytes` is how far training went beyond what was
    resident before it, and `data_bytes` what all images take as 32-bit numbers."""

    program: str
    epoch_s: list[float]
    command_s: float
    peak_bytes: int
    added_bytes: int | None
    data_bytes: int
    others_share: float | None


def measure(pool_cli: str, case: Case, pictures: Path, run_folder: Path) -> Trial:
    file = run_folder.with_suffix(".toml")
    file.write_text(sweep(case, pictures))
    started = time.monotonic()
    limits = ["--jobs", "1", "--threads", str(case.threads), "--device", "cpu"]
    finished = run([pool_cli, "sweep", str(file), "--out", str(run_folder), *limits])
    command_s = time.monotonic() - started
    record = only_record(run_folder, "trials")
    counts = {part: sum(images) for part, images in record["class_images"].items()}
    check(record, case, counts["train"])
    return Trial(
        program=program(record["provenance"]),
        epoch_s=[epoch["train_s"] for epoch in record["epochs"][1:]],
        command_s=command_s,
        peak_bytes=finished.peak_bytes,
        added_bytes=record["resident_peak_bytes"],
        data_bytes=4 * sum(counts.values()) * case.pictures.pixels,
        others_share=finished.others_share,
    )


def memory_bytes(pictures: Pictures) -> int:
    """About what a trial takes while it loads them: every byte twice, and once as a 32-bit number."""
    images = idx_files.train_file_images(pictures) + idx_files.held_out(pictures)
    return 6 * images * pictures.pixels


def sweep(case: Case, pictures: Path) -> str:
    model = RESNET8 if case.network == "resnet8" else STUDY.format(case=case)
    return SWEEP.format(case=case, pictures=pictures, validation=idx_files.VALIDATION) + model


def check(record: dict, case: Case, train_images: int) -> None:
    found = (train_images, len(record["epochs"]), record["provenance"]["threads"])
    expected = (case.pictures.images, case.epochs, case.threads)
    if found != expected:
        fail(f"pool-cli trained {found} images, epochs and threads, where {expected} were asked for")
