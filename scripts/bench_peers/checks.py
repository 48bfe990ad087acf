"""Refuses figures of programs that did not do the same work."""

from dataclasses import asdict
from statistics import median

from measurement import Measurement
from messages import fail
from results import OURS, NetworkResults

# The programs draw different random numbers, so losses are alike, not equal: seeds move the training loss of the second
# epoch by up to 14 %. Half or twice the learning rate or the batch size moves its median by more than 20 %.
LOSS_TOLERANCE = 0.2


def check_facts(name: str, measurement: Measurement, ours: Measurement) -> None:
    """At once, so that nobody waits for rounds that say nothing."""
    for field, expected in asdict(ours.facts).items():
        found = getattr(measurement.facts, field)
        if found != expected:
            fail(f"not the same work: {field} is {found} in {name} and {expected} in {OURS}")


def check_losses(network: str, results: NetworkResults) -> None:
    losses = {name: median(one.train_loss for one in rounds) for name, rounds in results.rounds.items()}
    for name, loss in losses.items():
        if not abs(loss / losses[OURS] - 1) <= LOSS_TOLERANCE:
            fail(
                f'not the same work: the training loss of {network} is {loss:.4f} in {name} and '
                f"{losses[OURS]:.4f} in {OURS}; if this was a single round, try more"
            )
