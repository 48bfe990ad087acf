"""Measures how the time and the memory of pool-cli's trials grow. scripts/bench-growth starts this."""

import argparse
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import document
import idx_files
import machine
import trial
from growth import Growth, Row
from messages import say
from quantities import Pictures, Quantity, every_quantity
from quiet import warn_of_load, warn_of_others
from scratch import scratch_folder
from table import sentences, table
from trial import Trial

MISSING = 3


@dataclass(frozen=True)
class Options:
    pool_cli: str
    quantities: list[Quantity]
    threads: int
    rounds: int
    markdown: Path | None
    command: str


def measure(options: Options, quantity: Quantity, scratch: Path) -> list[list[Trial]]:
    """The trials of each case, one for each round. The cases take turns, so that a machine that gets slower gets slower
    for all of them."""
    folders = write_pictures(quantity, scratch)
    trials: list[list[Trial]] = [[] for _ in quantity.cases]
    run_folder = scratch / "run"
    for number in range(1, options.rounds + 1):
        for case, found in zip(quantity.cases, trials, strict=True):
            found.append(trial.measure(options.pool_cli, case, folders[case.pictures], run_folder))
            shutil.rmtree(run_folder)
            say(
                f"round {number} of {options.rounds}: {quantity.name} {case.value:>9,}  "
                f"{found[-1].epoch_s[-1]:8.3f} s per epoch"
            )
    for folder in folders.values():
        shutil.rmtree(folder)
    return trials


def write_pictures(quantity: Quantity, scratch: Path) -> dict[Pictures, Path]:
    folders: dict[Pictures, Path] = {}
    for case in quantity.cases:
        if case.pictures not in folders:
            folders[case.pictures] = scratch / f"pictures-{len(folders)}"
            idx_files.write(case.pictures, folders[case.pictures])
    return folders


def check_room(quantities: list[Quantity], scratch: Path) -> None:
    """Of the disk for the pictures of a quantity, which lie there together, and of memory for those of a trial."""
    sets = [{case.pictures for case in quantity.cases} for quantity in quantities]
    disk = max(sum(idx_files.bytes_on_disk(pictures) for pictures in one) for one in sets)
    memory = max(trial.memory_bytes(pictures) for one in sets for pictures in one)
    free = shutil.disk_usage(scratch).free
    if disk > free:
        say(f"error: the pictures take {disk / 1e9:.1f} GB, and {scratch.parent} has {free / 1e9:.1f} GB left")
        say("       name a folder with more room: TMPDIR=FOLDER, or leave large values out: --largest N")
        sys.exit(MISSING)
    if memory > machine.memory_gib() * 2**30:
        say(f"error: the largest trial takes about {memory / 1e9:.1f} GB, more memory than this machine has")
        say("       leave large values out: --largest N")
        sys.exit(MISSING)


def read_options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool-cli", required=True)
    parser.add_argument("--quantity", dest="names", action="append")
    parser.add_argument("--largest", type=int)
    parser.add_argument("--threads", type=int, default=machine.usable_processors())
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--command", required=True)
    given = parser.parse_args()
    chosen = [one for one in every_quantity() if given.names is None or one.name in given.names]
    limited = [one.with_threads(given.threads).up_to(given.largest) for one in chosen]
    empty = [one.name for one in limited if not one.cases]
    if empty:
        say(f"error: --largest {given.largest} leaves no value of {', '.join(empty)}")
        sys.exit(2)
    return Options(given.pool_cli, limited, given.threads, given.rounds, given.markdown, given.command)


def grown(quantity: Quantity, trials: list[list[Trial]]) -> Growth:
    return Growth(quantity, [Row.of(quantity, *one) for one in zip(quantity.cases, trials, strict=True)])


def main() -> None:
    options = read_options()
    warn_of_load()
    day = datetime.now(UTC).date()
    growths, trials = [], []
    with scratch_folder("bench-growth") as scratch:
        check_room(options.quantities, scratch)
        for quantity in options.quantities:
            of_quantity = measure(options, quantity, scratch)
            trials += [one for of_case in of_quantity for one in of_case]
            growths.append(grown(quantity, of_quantity))
            print(f"[{quantity.name}]\n{table(growths[-1])}\n{sentences(growths[-1])}\n", flush=True)
    share = max((one.others_share for one in trials if one.others_share is not None), default=None)
    warn_of_others(share)
    if options.markdown:
        run = document.Run(day, options.command, trials[0].program, options.threads, options.rounds, share)
        document.write(options.markdown, growths, run)
        say(f"wrote {options.markdown} and its plots")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
