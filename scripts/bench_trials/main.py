"""Measure how many trials pool-cli, Keras and PyTorch train in an hour. Started by scripts/bench-trials."""

import argparse
import sys
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import machine
import sections
from checks import check_facts, check_losses
from messages import say
from networks import NETWORKS
from programs import option
from quiet import warn_of_load, warn_of_others
from rendering import Rounds, others_share, section, table, train_losses, words
from results import OURS
from scratch import scratch_folder
from trials import NAMES, Programs, work_of


@dataclass(frozen=True)
class Options:
    programs: Programs
    names: list[str]
    networks: list[str]
    trials: int
    images: int | None
    epochs: int
    rounds: int
    markdown: Path | None
    command: str


def measure(options: Options, scratch: Path) -> dict[str, Rounds]:
    results: dict[str, Rounds] = {network: {name: [] for name in options.names} for network in options.networks}
    for number in range(1, options.rounds + 1):
        last = number * options.trials
        seeds = list(range(last - options.trials + 1, last + 1))
        for network, rounds in results.items():
            work = work_of(network, options.images, options.epochs)
            for name in options.names:
                found = options.programs.measure(name, work, seeds, scratch)
                rounds[name].append(found)
                check_facts(name, found.facts, rounds[OURS][0].facts)
                told = f"{found.seconds:8.1f} s, {found.per_hour:6.0f} trials per hour"
                say(f"round {number} of {options.rounds}: {network:<13} {name:<13} {told}")
    return results


def read_options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__)
    for field in fields(Programs):
        parser.add_argument(f"--{field.name.replace('_', '-')}", required=True)
    parser.add_argument("--network", dest="networks", action="append", choices=NETWORKS)
    parser.add_argument("--program", dest="names", action="append", choices=[option(name) for name in NAMES])
    parser.add_argument("--trials", type=int, default=2 * machine.usable_processors())
    parser.add_argument("--images", type=int)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--command", required=True)
    given = vars(parser.parse_args())
    if given["trials"] < machine.usable_processors():
        # pool-cli would give several threads to each.
        say(f"error: --trials needs a whole number from {machine.usable_processors()}, one for each processor")
        sys.exit(2)
    programs = Programs(**{field.name: given.pop(field.name) for field in fields(Programs)})
    names, networks = given.pop("names"), given.pop("networks") or ["study-maximum", "keras-convnet"]
    return Options(
        programs=programs,
        # Ratios are to ours, so it is always measured.
        names=[name for name in NAMES if not names or name == OURS or option(name) in names],
        networks=[name for name in NETWORKS if name in networks],
        **given,
    )


def main() -> None:
    options = read_options()
    if options.markdown:
        sections.check(options.markdown, sections.TRIALS)
    warn_of_load()
    day = datetime.now(UTC).date()
    with scratch_folder("bench-trials") as scratch:
        results = measure(options, scratch)
    for network, rounds in results.items():
        print(f"[{words(network, rounds)}]\n{table(rounds).to_text()}\n")
    warn_of_others(others_share(results))
    for network, rounds in results.items():
        check_losses(network, train_losses(rounds))
    if options.markdown:
        body = section(results, options.epochs, options.command, day)
        sections.put(options.markdown, sections.TRIALS, body)
        say(f"wrote the section {sections.TRIALS} of {options.markdown}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
