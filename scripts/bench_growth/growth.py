"""From the trials of a quantity's values to rows: medians, exponents, and what grows worse than linearly."""

from dataclasses import dataclass
from math import log
from statistics import median

from quantities import Case, Quantity
from trial import Trial

# How much more than in proportion a time or a peak may grow before it is worse than linear.
TOLERATED = 1.3


@dataclass(frozen=True)
class Row:
    """One value, medians over the rounds."""

    case: Case
    size: int
    epoch_s: float
    time_s: float
    command_s: float
    peak_bytes: float
    added_bytes: float | None
    data_bytes: int

    @property
    def image_s(self) -> float:
        return self.epoch_s / self.case.pictures.images

    @classmethod
    def of(cls, quantity: Quantity, case: Case, trials: list[Trial]) -> "Row":
        epoch_s = median(seconds for trial in trials for seconds in trial.epoch_s)
        added = [trial.added_bytes for trial in trials if trial.added_bytes is not None]
        return cls(
            case=case,
            size=quantity.size(case),
            epoch_s=epoch_s,
            time_s=quantity.time.of(case, epoch_s / case.pictures.images),
            command_s=median(trial.command_s for trial in trials),
            peak_bytes=median(trial.peak_bytes for trial in trials),
            added_bytes=median(added) if added else None,
            data_bytes=trials[0].data_bytes,
        )


@dataclass(frozen=True)
class Growth:
    quantity: Quantity
    rows: list[Row]

    def excesses(self) -> list[str]:
        """Rows whose time or peak is worse than linear, in words."""
        linear = self.quantity.linear_exponent
        times = worse([(row.size, row.time_s) for row in self.rows], linear)
        peaks = worse([(row.size, row.peak_bytes) for row in self.rows], 1)
        return [f"{self.quantity.time.name} at {self.rows[index].case.value:,} ({text})" for index, text in times] + [
            f"the peak at {self.rows[index].case.value:,} ({text})" for index, text in peaks
        ]


def exponent(before: tuple[float, float], after: tuple[float, float]) -> float:
    """Of a power law through two points (size, value)."""
    return log(after[1] / before[1]) / log(after[0] / before[0])


def worse(points: list[tuple[float, float]], linear_exponent: int) -> list[tuple[int, str]]:
    """The points (size, value) that are far above proportion to the best one before them: index and factor."""
    found = []
    shares = [value / size**linear_exponent for size, value in points]
    for index in range(1, len(points)):
        factor = shares[index] / min(shares[:index])
        if factor > TOLERATED:
            found.append((index, f"{factor:.1f} times what proportion gives"))
    return found
