"""A median with the least and the greatest, and ratios that are taken round by round."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Self, TypeVar

# What was measured in one round.
Round = TypeVar("Round")


@dataclass(frozen=True)
class Spread:
    middle: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: list[float]) -> Self:
        return cls(median(values), min(values), max(values))

    def text(self, decimals: int) -> str:
        middle, least, greatest = (f"{value:.{decimals}f}" for value in (self.middle, self.least, self.greatest))
        return middle if least == greatest else f"{middle} ({least}-{greatest})"


def over_rounds(rounds: list[Round], figures: Callable[[Round], list[float]]) -> Spread:
    """Of all repetitions of all rounds."""
    return Spread.of([figure for one in rounds for figure in figures(one)])


def ratios(theirs: list[Round], ours: list[Round], figures: Callable[[Round], list[float]]) -> Spread:
    """Median against median within each round, where both ran next to each other; then over the rounds."""
    pairs = zip(theirs, ours, strict=True)
    return Spread.of([median(figures(their)) / median(figures(our)) for their, our in pairs])
