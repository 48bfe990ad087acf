"""docs/benchmarks.md: the prose of benchmarks.template.md around the figures of this run."""

import os
from datetime import date
from pathlib import Path
from string import Template

import machine
from results import Results
from table import own_costs, sentence, table
from work import Work

TEMPLATE = Path(__file__).with_name("benchmarks.template.md")


def render(results: Results, work: Work, rounds: int, command: str, day: date) -> str:
    return Template(TEMPLATE.read_text()).substitute(
        date=day.isoformat(),
        command=command,
        machine=machine.describe(),
        programs="\n".join(f"- {program}" for program in results.programs()),
        threads=work.threads,
        epochs=work.epochs,
        timed_epochs=work.epochs - 1,
        rounds=rounds,
        train_images=f"{work.train_images:,}",
        batch_size=work.batch_size,
        predictions=work.predictions,
        latencies=work.latencies,
        gemm_gflop_per_s=f"{results.gemm_peak / 1e9:.0f}",
        others=others(results),
        tables="\n\n".join(section(arm, results) for arm in results.arms),
    )


def section(arm: str, results: Results) -> str:
    arm_results = results.arms[arm]
    title = "No pooling" if arm == "none" else f"{arm.capitalize()} pooling"
    rows = table(arm, arm_results, results.gemm_peak).to_markdown()
    said = sentence(arm, arm_results).removeprefix(f"{arm}: ")
    return f"## {title}\n\n{said[0].upper()}{said[1:]}.\n\n{rows}\n\n({own_costs(arm_results)}.)"


def others(results: Results) -> str:
    share = results.others_share()
    return "an unknown share" if share is None else f"at most {share:.1%}"


def write_whole(file: Path, content: str) -> None:
    """There whole or not at all."""
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(content)
    os.replace(partial, file)
