"""The results as tables and sentences, for a terminal and in Markdown."""

from dataclasses import dataclass
from statistics import median

from measurement import Measurement
from results import OURS, NetworkResults
from spread import Spread, over_rounds, ratios
from work import EPOCH_IMAGES

HEADER = [
    "program",
    "epoch, s",
    "to ours",
    "10,000 predicted, s",
    "to ours",
    "one image, ms",
    "peak, MB",
    "added, MB",
    "test error, %",
    "of GEMM peak, %",
]


@dataclass(frozen=True)
class Table:
    header: list[str]
    rows: list[list[str]]

    def to_text(self) -> str:
        lines = [self.header, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        padded = (zip(line, widths, strict=True) for line in lines)
        return "\n".join("  ".join(cell.ljust(width) for cell, width in line).rstrip() for line in padded)

    def to_markdown(self) -> str:
        alignment = ["---"] + ["---:"] * (len(self.header) - 1)
        return "\n".join(f"| {' | '.join(line)} |" for line in [self.header, alignment, *self.rows])


def table(results: NetworkResults, gemm_peak: float) -> Table:
    return Table(HEADER, [row(name, results, gemm_peak) for name in results.rounds])


def row(name: str, results: NetworkResults, gemm_peak: float) -> list[str]:
    rounds = results.rounds[name]
    epoch_s = over_rounds(rounds, epochs)
    achieved = results.own_costs[0].flop_per_image * EPOCH_IMAGES / epoch_s.middle
    return [
        name,
        epoch_s.text(2),
        ratio(name, ratios(rounds, results.ours, epochs).text(2)),
        over_rounds(rounds, predictions).text(3),
        ratio(name, ratios(rounds, results.ours, predictions).text(2)),
        f"{median(median(one.latency_s) for one in rounds) * 1e3:.3f}",
        megabytes([one.peak_bytes for one in rounds]),
        megabytes([one.added_peak_bytes for one in rounds]),
        f"{median(one.test_error for one in rounds) * 100:.2f}",
        f"{achieved / gemm_peak * 100:.0f}",
    ]


def sentence(results: NetworkResults) -> str:
    """Such as "for an epoch, Keras takes 4.1 times as long as ours, PyTorch 6.3, stock tch 5.0"."""
    times = {
        name: ratios(rounds, results.ours, epochs).middle for name, rounds in results.rounds.items() if name != OURS
    }
    if not times:
        return f"only {OURS} was measured"
    (first, factor), *others = times.items()
    told = [f"for an epoch, {first} takes {in_words(factor)} times as long as {OURS}"]
    return ", ".join(told + [f"{name} {in_words(factor)}" for name, factor in others])


def in_words(factor: float) -> str:
    return f"{factor:.1f}" if factor >= 2 else f"{factor:.2f}"


def own_costs(results: NetworkResults) -> str:
    """What pool-cli's reports say of the same network, as they measure it otherwise."""
    scale = EPOCH_IMAGES / results.ours[0].facts.train_images
    epoch_s = median(seconds for costs in results.own_costs for seconds in costs.epoch_s) * scale
    peak = megabytes([costs.training_peak_bytes for costs in results.own_costs])
    return f"{OURS}, by its own cost record: steps of an epoch {epoch_s:.2f} s, training peak {peak} MB"


def epochs(measurement: Measurement) -> list[float]:
    """Seconds for an epoch of EPOCH_IMAGES, from those for the images measured."""
    return [seconds * EPOCH_IMAGES / measurement.facts.train_images for seconds in measurement.epoch_s]


def predictions(measurement: Measurement) -> list[float]:
    return measurement.prediction_s


def ratio(name: str, text: str) -> str:
    return "1" if name == OURS else text


def megabytes(values: list[int | None]) -> str:
    known = [value for value in values if value is not None]
    return Spread.of([value / 1e6 for value in known]).text(0) if known else "unknown"
