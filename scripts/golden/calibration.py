# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "numpy==2.4.6", "scipy==1.17.1", "statsmodels==0.15.0", "scikit-learn==1.9.1", "torch==2.11.0",
#     "torchmetrics==1.9.0",
# ]
# ///
"""Write the golden values that crates/pool-metrics/tests/calibration_golden.rs holds the calibration errors against.

Run it after `pip install` of the dependencies above, or with a runner that reads them from this header:

    python scripts/golden/calibration.py

The values are numpy's, bin by bin; torchmetrics must agree with them. The output is the same on every run.
"""

from math import isclose

import numpy as np
import torch
from metrics import GOLDEN, write
from torchmetrics.functional.classification import multiclass_calibration_error


def confidences(seed: int, count: int, sharpness: float, honesty: float) -> tuple[list[float], list[bool]]:
    """Confidences of a classifier that is right with probability `confidence ** honesty`."""
    rng = np.random.default_rng(seed)
    confidence = (1 - 0.9 * rng.random(count) ** sharpness).round(4)
    return confidence.tolist(), (rng.random(count) < confidence**honesty).tolist()


CALIBRATIONS = {
    "one image": ([0.7], [True]),
    "bin ends, which belong to the bin below": ((np.arange(16) / 15).tolist(), [i % 3 == 0 for i in range(16)]),
    "as sure as it is right": confidences(1, 400, 1.0, 1.0),
    "too sure": confidences(2, 400, 2.0, 3.0),
    "too modest": confidences(3, 200, 0.7, 0.4),
    "hardly ever wrong": confidences(4, 300, 12.0, 1.0),
}


def calibration_case(name: str, confidence: list[float], correct: list[bool]) -> dict:
    """Bin by bin as Guo et al. write it; torchmetrics closes its bins at the other end, so it sees no bin ends."""
    ends = np.arange(16) / 15
    confidence_array, correct_array = np.array(confidence), np.array(correct)
    bins, gaps = [], []
    for i in range(15):
        inside = (confidence_array > ends[i]) & (confidence_array <= ends[i + 1])
        if i == 0:
            inside |= confidence_array == 0
        count = int(inside.sum())
        mean = float(confidence_array[inside].mean()) if count else None
        accuracy = float(correct_array[inside].mean()) if count else None
        bins.append({"count": count, "mean_confidence": mean, "accuracy": accuracy})
        gaps.append(abs(accuracy - mean) if count else 0.0)
    expected = sum(row["count"] / len(confidence) * gap for row, gap in zip(bins, gaps, strict=True))
    at_an_end = np.isin(confidence_array, ends).any()
    if not at_an_end:
        for norm, ours in [("l1", expected), ("max", max(gaps))]:
            theirs = torchmetrics_error(confidence_array, correct_array, norm)
            assert isclose(theirs, ours, rel_tol=1e-6), (name, norm, theirs, ours)
    return {
        "name": name,
        "confidences": confidence,
        "correct": correct,
        "bins": bins,
        "expected": expected,
        "maximum": max(gaps),
    }


def torchmetrics_error(confidence: np.ndarray, correct: np.ndarray, norm: str) -> float:
    """Twenty classes, so that any confidence above 1/20 is the largest probability of its image."""
    probabilities = np.repeat(((1 - confidence) / 19)[:, None], 20, axis=1)
    probabilities[:, 0] = confidence
    target = np.where(correct, 0, 1)
    inputs = torch.tensor(probabilities, dtype=torch.float64), torch.tensor(target)
    return float(multiclass_calibration_error(*inputs, num_classes=20, n_bins=15, norm=norm))


def main() -> None:
    sections = {"calibrations": [calibration_case(name, *case) for name, case in CALIBRATIONS.items()]}
    write(GOLDEN / "calibrations.json", sections, ["numpy", "torch", "torchmetrics"])


if __name__ == "__main__":
    main()
