"""Compare the epoch time of pool-cli with that of PyTorch's training loops: same work, same libtorch, taking turns.

scripts/compare-pytorch starts this with the Python that has PyTorch. This process computes nothing itself: every
training is a process of its own.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

EPOCHS = 2  # the first warms up, the last is reported
BATCH_SIZE = 200
LEARNING_RATE = 0.001
VALIDATION = 0.2

# The programs draw different random numbers, so losses are alike, not equal: seeds move PyTorch's training loss of the
# second epoch by up to 14 %. Half or twice the learning rate or the batch size moves its median by more than 20 %.
LOSS_TOLERANCE = 0.2

SWEEP = """\
study = "compare-pytorch"
seeds = [{seed}]

[data]
dataset = "mnist"
validation = {{ tail = {validation} }}

[train]
epochs = {epochs}
batch_size = {batch_size}
learning_rate = {learning_rate}

[model]
layers = [
    {{ conv2d = {{ filters = 32, kernel = 5, activation = "relu" }} }},
    "pool",
    {{ dropout = 0.2 }},
    "flatten",
    {{ dense = {{ units = 128, activation = "relu" }} }},
    {{ dense = {{ units = 10 }} }},
]

[[arm]]
name = "maximum"
pool = "max"
"""


@dataclass(frozen=True)
class Work:
    """What all trainings must agree on."""

    libtorch: str
    threads: int
    train_images: int
    validation_images: int
    batch_size: int
    parameters: int


@dataclass(frozen=True)
class Training:
    """One training, whoever did it; the figures are those of its last epoch."""

    work: Work
    program: str
    train_s: float
    train_loss: float
    validation_loss: float


@dataclass(frozen=True)
class Options:
    pool_cli: str
    threads: int
    rounds: int
    data: Path
    scratch: Path


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def fail(message: str) -> None:
    raise SystemExit(f"error: {message}")


def output_of(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        fail(f"{' '.join(command)} ended with exit code {done.returncode} (its message is above)")
    return done.stdout


def train_pool_cli(options: Options, seed: int) -> Training:
    sweep = options.scratch / f"seed-{seed}.toml"
    run = options.scratch / f"seed-{seed}"
    sweep.write_text(
        SWEEP.format(
            seed=seed,
            validation=VALIDATION,
            epochs=EPOCHS,
            batch_size=BATCH_SIZE,
            learning_rate=LEARNING_RATE,
        )
    )
    threads = str(options.threads)
    output_of([options.pool_cli, "sweep", str(sweep), "--out", str(run), "--only", "maximum", "--threads", threads])
    records = [json.loads(path.read_text()) for path in run.glob("trials/*/record.json")]
    if len(records) != 1 or len(records[0]["epochs"]) != EPOCHS:
        fail(f"pool-cli left {len(records)} records in {run}, where one record of {EPOCHS} epochs was expected")
    record = records[0]
    provenance, settings, last = record["provenance"], record["settings"], record["epochs"][-1]
    revision = provenance["git_revision"]
    return Training(
        work=Work(
            libtorch=provenance["libtorch"],
            threads=provenance["threads"],
            train_images=settings["train_images"],
            validation_images=settings["validation_images"],
            batch_size=settings["batch_size"],
            parameters=record["model"]["parameters"],
        ),
        program=provenance["program"] + (f" ({revision})" if revision else ""),
        train_s=last["train_s"],
        train_loss=last["train_loss"],
        validation_loss=last["validation_loss"],
    )


def train_pytorch(loop: str) -> Callable[[Options, int], Training]:
    def train(options: Options, seed: int) -> Training:
        arguments = {
            "data": options.data,
            "loop": loop,
            "epochs": EPOCHS,
            "batch-size": BATCH_SIZE,
            "learning-rate": LEARNING_RATE,
            "validation": VALIDATION,
            "seed": seed,
            "threads": options.threads,
        }
        script = Path(__file__).with_name("train.py")
        flags = [f"--{name}={value}" for name, value in arguments.items()]
        result = json.loads(output_of([sys.executable, str(script), *flags]))
        last = result["epochs"][-1]
        return Training(
            work=Work(
                libtorch=result["torch"].split("+")[0],
                threads=result["threads"],
                train_images=result["train_images"],
                validation_images=result["validation_images"],
                batch_size=result["batch_size"],
                parameters=result["parameters"],
            ),
            program=f"PyTorch {result['torch']}, Python {platform.python_version()}",
            train_s=last["train_s"],
            train_loss=last["train_loss"],
            validation_loss=last["validation_loss"],
        )

    return train


OURS = "pool-cli"
CONTENDERS = {
    OURS: train_pool_cli,
    "PyTorch, DataLoader": train_pytorch("dataloader"),
    "PyTorch, index_select": train_pytorch("index_select"),
}


def measure(options: Options) -> dict[str, list[Training]]:
    trainings = {name: [] for name in CONTENDERS}
    for seed in range(1, options.rounds + 1):
        for name, train in CONTENDERS.items():
            training = train(options, seed)
            trainings[name].append(training)
            check_same_work(name, training, trainings[OURS][0])
            say(f"round {seed} of {options.rounds}: {name:<21} {training.train_s:8.3f} s")
    return trainings


def check_same_work(name: str, training: Training, ours: Training) -> None:
    for field, expected in asdict(ours.work).items():
        found = getattr(training.work, field)
        if found != expected:
            fail(f"not the same work: {field} is {found} in {name} and {expected} in {OURS}")


def check_losses(trainings: dict[str, list[Training]]) -> None:
    losses = {name: median(training.train_loss for training in runs) for name, runs in trainings.items()}
    for name, loss in losses.items():
        if not abs(loss / losses[OURS] - 1) <= LOSS_TOLERANCE:
            fail(f"not the same work: the training loss is {loss:.4f} in {name} and {losses[OURS]:.4f} in {OURS}")


def render(trainings: dict[str, list[Training]], load: float, cpu: str) -> str:
    ours = trainings[OURS]
    work = ours[0].work
    programs = sorted({training.program for runs in trainings.values() for training in runs}, reverse=True)
    lines = [
        f"processor  {cpu}, {work.threads} threads; load before the start {load:.1f}",
        f"programs   {'; '.join(programs)}; libtorch {work.libtorch}",
        f"work       {work.train_images:,} images in batches of {work.batch_size}, {work.parameters:,} parameters, "
        f"training steps of epoch {EPOCHS}",
        f"rounds     {len(ours)}, taking turns; medians (min-max); a ratio's spread is over the rounds",
        "",
        f"{'':<22} {'epoch, s':<22} {'ratio to pool-cli':<19} {'training loss':<24} validation loss",
    ]
    for name, runs in trainings.items():
        seconds = [training.train_s for training in runs]
        ratios = [theirs.train_s / mine.train_s for theirs, mine in zip(runs, ours, strict=True)]
        ratio = median(seconds) / median(training.train_s for training in ours)
        cells = [
            f"{name:<22}",
            f"{median_of(seconds, 2):<22}",
            f"{figure(ratio, ratios, 2):<19}",
            f"{median_of([training.train_loss for training in runs], 4):<24}",
            median_of([training.validation_loss for training in runs], 4),
        ]
        lines.append(" ".join(cells))
    return "\n".join(lines) + "\n"


def median_of(values: list[float], decimals: int) -> str:
    return figure(median(values), values, decimals)


def figure(middle: float, values: list[float], decimals: int) -> str:
    return f"{middle:.{decimals}f} ({min(values):.{decimals}f}-{max(values):.{decimals}f})"


def processor_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def usable_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool-cli", required=True)
    parser.add_argument("--threads", type=int, default=usable_processors())
    parser.add_argument("--rounds", type=int, required=True)
    args = parser.parse_args()

    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"warning: the machine has just been busy (load {load:.1f}); whatever still runs disturbs the times")
    data = Path(os.environ["POOL_DATA_DIR"]) / "mnist"
    # A kill must clean up, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="compare-pytorch-", ignore_cleanup_errors=True) as scratch:
        trainings = measure(Options(args.pool_cli, args.threads, args.rounds, data, Path(scratch)))
    print(render(trainings, load, processor_name()), end="")
    check_losses(trainings)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
