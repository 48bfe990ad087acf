"""Measure how long MNIST takes to a given accuracy. Started by scripts/bench-speedrun."""

import argparse
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import mean, median, stdev
from string import Template

import machine
from messages import say
from process import run
from quiet import warn_of_load, warn_of_others
from records import only_record, program
from whole_file import write_whole

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = Path(__file__).with_name("speedrun.template.md")
# The accuracy that a file is for, %.
FILES = {"configs/speedrun.toml": 99.0, "configs/speedrun-99.4.toml": 99.4}
# The recipe was chosen with the seeds up to this one. No run that counts has one of them.
LAST_CHOOSING_SEED = 3


@dataclass(frozen=True)
class Run:
    """One command: all of it, the epochs' training steps in it, and what its network found of the test images."""

    command_s: float
    train_s: float
    accuracy: float
    others_share: float | None
    program: str


def measure(pool_cli: str, file: str, seed: int, threads: int, folder: Path) -> Run:
    sweep = folder / "speedrun.toml"
    sweep.write_text(re.sub(r"^seeds = .*$", f"seeds = [{seed}]", (ROOT / file).read_text(), flags=re.M))
    out = folder / f"{Path(file).stem} {seed}"
    limits = ["--jobs", "1", "--threads", str(threads), "--device", "cpu"]
    started = time.monotonic()
    finished = run([pool_cli, "sweep", str(sweep), "--out", str(out), *limits])
    command_s = time.monotonic() - started
    record = only_record(out, "trials")
    test = record["test"]["evaluation"]
    return Run(
        command_s=command_s,
        train_s=sum(epoch["train_s"] for epoch in record["epochs"]),
        accuracy=100 - 100 * test["errors"] / test["images"],
        others_share=finished.others_share,
        program=program(record["provenance"]),
    )


def table(runs: dict[str, list[Run]]) -> str:
    lines = [
        "| file | target, % | runs | command, s | of that training, s | accuracy, % | least | runs at the target | reached |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for file, of_file in runs.items():
        accuracies = [one.accuracy for one in of_file]
        reached = sum(accuracy >= FILES[file] for accuracy in accuracies)
        cells = [
            f"`{file}`",
            f"{FILES[file]:g}",
            str(len(of_file)),
            spread([one.command_s for one in of_file]),
            f"{mean(one.train_s for one in of_file):.2f}",
            f"{mean(accuracies):.3f} ± {stdev(accuracies):.3f}",
            f"{min(accuracies):.2f}",
            str(reached),
            "yes" if mean(accuracies) >= FILES[file] else "no",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def spread(seconds: list[float]) -> str:
    return f"{mean(seconds):.2f} ± {stdev(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"


def others(runs: dict[str, list[Run]]) -> list[float]:
    shares = [one.others_share for of_file in runs.values() for one in of_file]
    return [share for share in shares if share is not None]


def sentence(shares: list[float]) -> str:
    if not shares:
        return "What other processes took of the processor's time is not known on this system."
    return (
        f"While a run was measured, other processes took {median(shares):.1%} of the processor's time in the median run, "
        f"and at most {max(shares):.0%}."
    )


def document(options: argparse.Namespace, runs: dict[str, list[Run]]) -> str:
    return Template(TEMPLATE.read_text()).substitute(
        day=date.today().isoformat(),
        command=options.command,
        machine=machine.describe(),
        threads=options.threads,
        program=next(iter(runs.values()))[0].program,
        others=sentence(others(runs)),
        table=table(runs),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool-cli", required=True)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--threads", type=int, default=machine.usable_processors())
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--command", required=True)
    options = parser.parse_args()
    warn_of_load()
    runs: dict[str, list[Run]] = {file: [] for file in FILES}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(LAST_CHOOSING_SEED, LAST_CHOOSING_SEED + 1 + options.runs):
            for file, of_file in runs.items():
                found = measure(options.pool_cli, file, seed, options.threads, Path(folder))
                # The first fills the system's caches.
                if seed > LAST_CHOOSING_SEED:
                    of_file.append(found)
                say(f"{file} seed {seed}: {found.command_s:6.2f} s, {found.accuracy:.2f} %")
    print(table(runs))
    warn_of_others(max(others(runs), default=None))
    if options.markdown:
        write_whole(options.markdown, document(options, runs))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
