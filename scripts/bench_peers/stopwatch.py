"""Times predictions as pool-cli does: some repetitions that warm up, then those that count."""

import time
from collections.abc import Callable

from work import Work


def predictions(work: Work, predict_all: Callable[[], object]) -> list[float]:
    """Seconds of predicting all test images, after one repetition that warms up; nothing is done where none count."""
    if work.predictions == 0:
        return []
    predict_all()
    return [seconds(predict_all) for _ in range(work.predictions)]


def latencies(work: Work, predict_one: Callable[[int], object]) -> list[float]:
    """Seconds of predicting one image, another one each time; nothing is done where none count."""
    if work.latencies == 0:
        return []
    for index in range(work.latency_warm_up):
        predict_one(index)
    return [seconds(lambda at=index: predict_one(at)) for index in range(work.latencies)]


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
