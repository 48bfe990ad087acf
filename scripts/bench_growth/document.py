"""docs/growth.md: the prose of growth.template.md around the figures of this run, and a plot for each quantity."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template

import machine
from growth import TOLERATED, Growth
from plot import plot
from quantities import every_quantity
from quiet import most
from table import sentences, table
from whole_file import write_whole

TEMPLATE = Path(__file__).with_name("growth.template.md")


@dataclass(frozen=True)
class Run:
    day: date
    command: str
    program: str
    threads: int
    rounds: int
    others_share: float | None


def write(file: Path, growths: list[Growth], run: Run) -> None:
    """The plots go into a folder with the document's name, next to it."""
    plots = file.with_suffix("")
    plots.mkdir(exist_ok=True)
    for growth in growths:
        write_whole(plots / f"{growth.quantity.name}.svg", plot(growth))
    write_whole(file, render(growths, run, plots.name))


def render(growths: list[Growth], run: Run, plots: str) -> str:
    sections = {placeholder(one.name): "Not measured in this run." for one in every_quantity()}
    sections |= {placeholder(one.quantity.name): section(one, plots) for one in growths}
    return Template(TEMPLATE.read_text()).substitute(
        date=run.day.isoformat(),
        command=run.command,
        machine=machine.describe(),
        program=run.program,
        threads_of_trials=run.threads,
        rounds=run.rounds,
        tolerated=TOLERATED,
        others=most(run.others_share),
        **sections,
    )


def placeholder(name: str) -> str:
    return name.replace("-", "_")


def section(growth: Growth, plots: str) -> str:
    picture = f"![Time and peak memory over {growth.quantity.heading}]({plots}/{growth.quantity.name}.svg)"
    return f"{sentences(growth)}\n\n{table(growth)}\n\n{picture}"
