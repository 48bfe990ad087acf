"""The trials of a network as a table, and all of them as the section of docs/benchmarks.md."""

from datetime import date
from pathlib import Path
from string import Template

import machine
from quiet import most
from results import OURS
from spread import over_rounds, ratios
from table import Table, ratio
from trials import Trials

TEMPLATE = Path(__file__).with_name("section.template.md")
HEADER = ["program", "trials per hour", "all, s", "to ours", "training, s", "test error, %"]

# Of one network, by program; ours first.
Rounds = dict[str, list[Trials]]


def table(rounds: Rounds) -> Table:
    return Table(HEADER, [row(name, rounds) for name in rounds])


def row(name: str, rounds: Rounds) -> list[str]:
    of_program = rounds[name]
    return [
        name,
        over_rounds(of_program, lambda one: [one.per_hour]).text(0),
        over_rounds(of_program, seconds).text(1),
        ratio(name, ratios(of_program, rounds[OURS], seconds).text(2)),
        f"{over_rounds(of_program, lambda one: one.training_s).middle:.1f}",
        f"{100 * over_rounds(of_program, lambda one: one.test_error).middle:.2f}",
    ]


def seconds(trials: Trials) -> list[float]:
    return [trials.seconds]


def train_losses(rounds: Rounds) -> dict[str, float]:
    """By program, the median of all its trials."""
    return {name: over_rounds(of_program, lambda one: one.train_loss).middle for name, of_program in rounds.items()}


def every(results: dict[str, Rounds]) -> list[Trials]:
    return [one for rounds in results.values() for of_program in rounds.values() for one in of_program]


def others_share(results: dict[str, Rounds]) -> float | None:
    shares = [one.others_share for one in every(results) if one.others_share is not None]
    return max(shares, default=None)


def words(network: str, rounds: Rounds) -> str:
    facts = rounds[OURS][0].facts
    return f"{network}, {facts.train_images:,} images in an epoch, batches of {facts.batch_size}"


def section(results: dict[str, Rounds], epochs: int, command: str, day: date) -> str:
    tables = [f"**{words(network, rounds)}**\n\n{table(rounds).to_markdown()}" for network, rounds in results.items()]
    of_ours = next(iter(results.values()))[OURS]
    return Template(TEMPLATE.read_text()).substitute(
        date=day.isoformat(),
        command=command,
        machine=machine.describe(),
        programs="\n".join(f"- {program}" for program in dict.fromkeys(one.program for one in every(results))),
        tables="\n\n".join(tables),
        trials=len(of_ours[0].training_s),
        epochs=epochs,
        rounds=len(of_ours),
        at_once=machine.usable_processors(),
        others=most(others_share(results)),
    )
