"""What else runs on the machine, which disturbs what is measured: warnings of it, and words for it."""

import os

from messages import say

TOLERATED_SHARE = 0.05


def warn_of_load() -> None:
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"warning: the machine has just been busy (load {load:.1f}); whatever still runs disturbs the times")


def most(share: float | None) -> str:
    """Such as "at most 1.3%", for the sentence of a document."""
    return "an unknown share" if share is None else f"at most {share:.1%}"


def warn_of_others(share: float | None) -> None:
    """`share` is the largest part of the processor's time that others took during a measurement."""
    if share is not None and share > TOLERATED_SHARE:
        say(f"warning: other processes took up to {share:.0%} of the processor's time; do not rely on these figures")
