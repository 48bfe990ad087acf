"""Refuses figures of programs that did not do the same work."""

from dataclasses import asdict

from measurement import Facts
from messages import fail
from results import OURS

# The programs draw different random numbers, so losses are alike, not equal: seeds move the training loss of the second
# epoch by up to 14 %. Half or twice the learning rate or the batch size moves its median by more than 20 %.
LOSS_TOLERANCE = 0.2


def check_facts(name: str, facts: Facts, ours: Facts) -> None:
    """At once, so that nobody waits for rounds that say nothing."""
    for field, expected in asdict(ours).items():
        found = getattr(facts, field)
        if found != expected:
            fail(f"not the same work: {field} is {found} in {name} and {expected} in {OURS}")


def check_losses(network: str, losses: dict[str, float]) -> None:
    """Training losses of the second epoch, by program."""
    for name, loss in losses.items():
        if not abs(loss / losses[OURS] - 1) <= LOSS_TOLERANCE:
            fail(
                f'not the same work: the training loss of {network} is {loss:.4f} in {name} and '
                f"{losses[OURS]:.4f} in {OURS}; if this was a single round, try more"
            )
