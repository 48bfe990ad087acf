# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "scipy==1.17.1", "statsmodels==0.15.0", "scikit-learn==1.9.1"]
# ///
"""Write the golden values that crates/pool-metrics/tests/statistics_golden.rs holds its statistics against.

Run it after `pip install` of the dependencies above, or with a runner that reads them from this header:

    python scripts/golden/metrics.py

The output is the same on every run; a changed line in it means that a library or a case below changed.
"""

import json
from fractions import Fraction
from importlib.metadata import version
from math import comb, isclose, isnan
from pathlib import Path

import numpy as np
from scipy import stats
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

GOLDEN = Path(__file__).resolve().parents[2] / "crates/pool-metrics/tests/golden"
OUTPUT = GOLDEN / "statistics.json"
LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999]

# Test errors in per cent as seeds might give them, and shapes that are hard on the arithmetic.
SAMPLES = {
    "five seeds of one arm": [1.19, 1.10, 1.23, 1.07, 1.15],
    "two values, the fewest that have a spread": [0.98, 1.02],
    "three values with a tie": [1.0, 1.0, 2.0],
    "unsorted, negative and positive": [3.5, -2.25, 0.0, 7.75, -1.5, 4.0],
    "a mean that dwarfs the spread": [1e6 + 0.001, 1e6 + 0.002, 1e6 + 0.004, 1e6 + 0.003],
    "very small numbers": [1e-12, 3e-12, 2e-12, 5e-12],
    "skewed epoch times in seconds": [5.81, 5.79, 5.84, 5.80, 9.62, 5.83, 5.79, 5.82],
    "thirty normal values": np.random.default_rng(30).normal(1.19, 0.08, 30).tolist(),
    "a thousand normal values": np.random.default_rng(1000).normal(58.22, 0.9, 1000).round(4).tolist(),
}
QUANTILES = [0.0, 0.025, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 0.975, 1.0]

# Durations in seconds over processes, and shapes that are hard on logarithms.
DURATIONS = [
    [5.81, 5.79, 5.84, 5.80, 5.90],
    [1.96, 1.65],
    [0.000051, 0.000049, 0.000054],
    [7.2, 7.2, 7.3, 7.2],
    [5.81, 5.79, 5.84, 5.80, 9.62, 5.83, 5.79, 5.82],
    [1e-12, 3e-12, 2e-12, 5e-12],
    [0.01, 1.0, 100.0, 10_000.0],
]

# Samples that nothing pairs, of different size and spread.
WELCH_PAIRS = [
    ("five seeds of one arm", "two values, the fewest that have a spread"),
    ("five seeds of one arm", "thirty normal values"),
    ("three values with a tie", "unsorted, negative and positive"),
    ("very small numbers", "five seeds of one arm"),
]

WILSON_COUNTS = [
    (0, 1), (1, 1), (1, 2), (0, 10), (3, 10), (10, 10), (1, 100), (50, 100), (99, 100),
    (0, 10_000), (1, 10_000), (110, 10_000), (119, 10_000), (5_000, 10_000), (9_999, 10_000), (10_000, 10_000),
    (1, 1_000_000), (999_999, 1_000_000),
]  # fmt: skip

# (only a wrong, only b wrong)
MCNEMAR_COUNTS = [
    (0, 0), (1, 0), (0, 1), (1, 1), (5, 0), (0, 10), (1, 5), (3, 9), (7, 7), (10, 11), (25, 40), (61, 40),
    (100, 100), (100, 101), (110, 150), (300, 361), (499, 501), (0, 500), (480, 520), (12, 900),
    (1_000, 1_000), (1_000, 1_100), (1_000, 1_500), (1_000, 2_000), (2_345, 2_500), (4_800, 5_000), (4_999, 5_001),
    (9_876, 9_987), (24_700, 25_000), (49_999, 50_001), (49_700, 50_300), (100_000, 101_000), (100_000, 102_000),
]  # fmt: skip

P_VALUES = {
    "a single test": [0.04],
    "already sorted": [0.01, 0.02, 0.03, 0.04],
    "in reverse": [0.04, 0.03, 0.02, 0.01],
    "ties": [0.02, 0.01, 0.02, 0.01, 0.5],
    "all equal": [0.05, 0.05, 0.05, 0.05],
    "capped at one": [0.3, 0.6, 0.9, 0.4],
    "zeros and ones": [0.0, 1.0, 0.0, 1.0, 0.5],
    "the monotone step bites": [0.012, 0.011, 0.0125, 0.9],
    "very small": [1e-75, 1e-9, 1e-300, 0.049],
    "twelve arms": np.random.default_rng(12).beta(0.4, 2.0, 12).tolist(),
    "a hundred comparisons": np.random.default_rng(100).beta(0.3, 1.5, 100).round(6).tolist(),
}


def predictions(seed: int, count: int, classes: int, error: float) -> tuple[list[int], list[int]]:
    """Labels drawn evenly, and predictions that are redrawn for about the fraction `error` of them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    redrawn = rng.integers(0, classes, count)
    return labels.tolist(), np.where(rng.random(count) < error, redrawn, labels).tolist()


CLASSIFICATIONS = {
    "one sample": ([1], [1], 2),
    "all right": ([0, 1, 2, 1], [0, 1, 2, 1], 3),
    "all wrong": ([0, 1, 2, 1], [1, 2, 0, 0], 3),
    "a class that is never predicted": ([0, 1, 2, 2, 1], [0, 1, 0, 1, 1], 3),
    "a class that has no samples": ([0, 1, 1, 0], [0, 2, 1, 1], 3),
    "a class that occurs nowhere": ([0, 0, 3, 3], [0, 3, 3, 0], 5),
    "ten classes, many errors": (*predictions(10, 400, 10, 0.4), 10),
    "ten classes, few errors": (*predictions(11, 600, 10, 0.03), 10),
}


def binomial_p_value(b: int, c: int) -> float:
    """The p-value in whole numbers, rounded once: what statsmodels' floating-point answer must be close to."""
    n = b + c
    term = tail = 1
    for k in range(min(b, c)):
        term = term * (n - k) // (k + 1)
        tail += term
    assert term == comb(n, min(b, c))
    return float(min(Fraction(1), Fraction(2 * tail, 2**n)))


def none_for_nan(values: np.ndarray) -> list[float | None]:
    return [None if isnan(value) else value for value in values.tolist()]


def summary_case(name: str, values: list[float]) -> dict:
    return {
        "name": name,
        "values": values,
        "mean": float(np.mean(values)),
        "sample_sd": float(np.std(values, ddof=1)),
        "median": float(np.median(values)),
        "quantiles": [{"q": q, "value": float(np.quantile(values, q))} for q in QUANTILES],
    }


def t_interval_case(values: list[float], level: float) -> dict:
    low, high = stats.t.interval(level, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    return {"level": level, "low": float(low), "high": float(high)}


def log_t_case(values: list[float], level: float) -> dict:
    of_logarithms = t_interval_case(np.log(values).tolist(), level)
    low, high = (float(np.exp(of_logarithms[end])) for end in ["low", "high"])
    return {"values": values, "level": level, "low": low, "high": high}


def welch_case(a: str, b: str, level: float) -> dict:
    result = stats.ttest_ind(SAMPLES[a], SAMPLES[b], equal_var=False).confidence_interval(level)
    return {"a": SAMPLES[a], "b": SAMPLES[b], "level": level, "low": float(result.low), "high": float(result.high)}


def wilson_case(successes: int, trials: int, level: float) -> dict:
    low, high = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
    return {"successes": successes, "trials": trials, "level": level, "low": float(low), "high": float(high)}


def mcnemar_case(b: int, c: int) -> dict:
    # The samples on which both are right or both are wrong do not enter the test; 7 and 3 stand for them.
    p_value = float(mcnemar([[7, c], [b, 3]], exact=True).pvalue)
    exact = binomial_p_value(b, c)
    assert isclose(p_value, exact, rel_tol=1e-12), (b, c, p_value, exact)
    return {"only_a_wrong": b, "only_b_wrong": c, "p_value": exact}


def classification_case(name: str, labels: list[int], predicted: list[int], classes: int) -> dict:
    every_class = list(range(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=every_class, average=None, zero_division=np.nan
    )
    return {
        "name": name,
        "labels": labels,
        "predictions": predicted,
        "classes": classes,
        "counts": confusion_matrix(labels, predicted, labels=every_class).tolist(),
        "accuracy": float(accuracy_score(labels, predicted)),
        "precision": none_for_nan(precision),
        "recall": none_for_nan(recall),
        "f1": none_for_nan(f1),
        "support": support.astype(int).tolist(),
    }


def section(cases: list[dict]) -> str:
    """One case a line, so that a changed value is a changed line and not a changed file."""
    return "[\n" + ",\n".join("    " + json.dumps(case, allow_nan=False) for case in cases) + "\n  ]"


def write(path: Path, sections: dict[str, list[dict]], libraries: list[str]) -> None:
    made_with = {name: version(name) for name in libraries}
    body = [f'  "made_with": {json.dumps(made_with)}']
    body += [f'  "{name}": {section(cases)}' for name, cases in sections.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(body) + "\n}\n")


def main() -> None:
    sections = {
        "summaries": [
            summary_case(name, values) | {"t_intervals": [t_interval_case(values, level) for level in LEVELS]}
            for name, values in SAMPLES.items()
        ],
        "log_t_intervals": [log_t_case(values, level) for values in DURATIONS for level in LEVELS],
        "wilson": [wilson_case(*counts, level) for counts in WILSON_COUNTS for level in LEVELS],
        "welch": [welch_case(*pair, level) for pair in WELCH_PAIRS for level in LEVELS],
        "mcnemar": [mcnemar_case(*counts) for counts in MCNEMAR_COUNTS],
        "holm": [
            {"name": name, "p_values": p, "adjusted": multipletests(p, method="holm")[1].tolist()}
            for name, p in P_VALUES.items()
        ],
        "classifications": [classification_case(name, *case) for name, case in CLASSIFICATIONS.items()],
    }
    write(OUTPUT, sections, ["numpy", "scipy", "statsmodels", "scikit-learn"])


if __name__ == "__main__":
    main()
