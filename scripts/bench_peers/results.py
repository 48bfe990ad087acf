"""Everything that was measured, by network, program and round."""

from dataclasses import dataclass, field
from statistics import median

from measurement import Measurement, OwnCosts

OURS = "ours"


@dataclass
class NetworkResults:
    """Rounds of one network, by program; ours first."""

    rounds: dict[str, list[Measurement]] = field(default_factory=dict)

    @property
    def ours(self) -> list[Measurement]:
        return self.rounds[OURS]

    @property
    def own_costs(self) -> list[OwnCosts]:
        return [one.own for one in self.ours if one.own]

    def train_losses(self) -> dict[str, float]:
        """By program, the median of its rounds."""
        return {name: median(one.train_loss for one in rounds) for name, rounds in self.rounds.items()}

    def add(self, program: str, measurement: Measurement) -> None:
        self.rounds.setdefault(program, []).append(measurement)


@dataclass
class Results:
    """`gemm_flop_per_s` has a dictionary per round: how many each library of matrix products did."""

    networks: dict[str, NetworkResults] = field(default_factory=dict)
    gemm_flop_per_s: list[dict[str, float]] = field(default_factory=list)

    @property
    def gemm_peaks(self) -> dict[str, float]:
        """The best of all rounds, by library."""
        return {name: max(peaks[name] for peaks in self.gemm_flop_per_s) for name in self.gemm_flop_per_s[0]}

    @property
    def gemm_peak(self) -> float:
        return max(self.gemm_peaks.values())

    def measurements(self) -> list[Measurement]:
        return [one for network in self.networks.values() for rounds in network.rounds.values() for one in rounds]

    def programs(self) -> list[str]:
        """What each program is, in the order in which they take turns."""
        return list(dict.fromkeys(measurement.program for measurement in self.measurements()))

    def others_share(self) -> float | None:
        """The largest part of the machine's processor time that others took while a program ran."""
        shares = [one.others_share for one in self.measurements() if one.others_share is not None]
        return max(shares, default=None)
