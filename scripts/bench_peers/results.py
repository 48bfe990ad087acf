"""Everything that was measured, by arm, program and round."""

from dataclasses import dataclass, field

from measurement import Measurement, OwnCosts

OURS = "ours"


@dataclass
class ArmResults:
    """Rounds of one arm, by program; ours first. `own_costs` has one entry per round, too."""

    rounds: dict[str, list[Measurement]] = field(default_factory=dict)
    own_costs: list[OwnCosts] = field(default_factory=list)

    @property
    def ours(self) -> list[Measurement]:
        return self.rounds[OURS]

    def add(self, program: str, measurement: Measurement) -> None:
        self.rounds.setdefault(program, []).append(measurement)


@dataclass
class Results:
    arms: dict[str, ArmResults] = field(default_factory=dict)
    gemm_flop_per_s: list[float] = field(default_factory=list)

    @property
    def gemm_peak(self) -> float:
        return max(self.gemm_flop_per_s)

    def measurements(self) -> list[Measurement]:
        return [one for arm in self.arms.values() for rounds in arm.rounds.values() for one in rounds]

    def programs(self) -> list[str]:
        """What each program is, in the order in which they take turns."""
        return list(dict.fromkeys(measurement.program for measurement in self.measurements()))

    def others_share(self) -> float | None:
        """The largest part of the machine's processor time that others took while a program ran."""
        shares = [one.others_share for one in self.measurements() if one.others_share is not None]
        return max(shares, default=None)
