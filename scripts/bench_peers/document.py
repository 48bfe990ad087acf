"""docs/benchmarks.md: the prose of benchmarks.template.md around the figures of this run."""

from datetime import date
from pathlib import Path
from string import Template

import machine
from networks import NETWORKS
from quiet import most
from results import NetworkResults, Results
from sections import CUDA, TRIALS, kept
from table import own_costs, sentence, table
from work import EPOCH_IMAGES, Work

TEMPLATE = Path(__file__).with_name("benchmarks.template.md")


def render(results: Results, work: Work, rounds: int, command: str, day: date, file: Path) -> str:
    """What is to be written to `file`, whose sections of other scripts stay."""
    return Template(TEMPLATE.read_text()).substitute(
        date=day.isoformat(),
        command=command,
        machine=machine.describe(),
        programs="\n".join(f"- {program}" for program in results.programs()),
        threads=work.threads,
        epochs=work.epochs,
        rounds=rounds,
        epoch_images=f"{EPOCH_IMAGES:,}",
        predictions=work.predictions,
        latencies=work.latencies,
        gemm_peaks=gemm_peaks(results),
        others=most(results.others_share()),
        tables="\n\n".join(section(name, network, results) for name, network in results.networks.items()),
        trials=kept(file, TRIALS),
        cuda=kept(file, CUDA),
    )


def section(name: str, network: NetworkResults, results: Results) -> str:
    facts = network.ours[0].facts
    what = f"{NETWORKS[name].words}: {facts.parameters:,} parameters, batches of {facts.batch_size}. "
    what += f"Each epoch that was measured had {facts.train_images:,} images."
    said = sentence(network)
    rows = table(network, results.gemm_peak).to_markdown()
    paragraphs = [f"## {name}", upper(what), f"{upper(said)}.", rows, f"({own_costs(network)}.)"]
    return "\n\n".join(paragraphs)


def upper(text: str) -> str:
    return text[0].upper() + text[1:]


def gemm_peaks(results: Results) -> str:
    """Such as "131 GFLOP/s by PyTorch and 151 GFLOP/s by the gemm crate"."""
    return " and ".join(f"{peak / 1e9:.0f} GFLOP/s by {name}" for name, peak in results.gemm_peaks.items())
