# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "scipy==1.17.1", "statsmodels==0.15.0", "scikit-learn==1.9.1", "mpmath==1.3.0"]
# ///
"""Write the golden values that crates/pool-metrics/tests/comparisons_golden.rs holds the tests between arms against.

Run it after `pip install` of the dependencies above, or with a runner that reads them from this header; it takes a few minutes:

    python scripts/golden/comparisons.py

The output is the same on every run; a changed line in it means that a library or a case below changed.
"""

from functools import cache
from itertools import combinations_with_replacement
from math import ceil, factorial, isclose, isnan, prod, sqrt

import mpmath
import numpy as np
from metrics import GOLDEN, LEVELS, mcnemar_case, write
from scipy import stats
from statsmodels.stats.power import TTestPower

# (only a wrong, only b wrong) of each seed.
MCNEMAR_SEEDS = [
    [(10, 11)], [(5, 0), (4, 1), (6, 2)], [(25, 40), (40, 25)], [(61, 40), (58, 43), (70, 39), (55, 51), (63, 44)],
    [(1_000, 1_100), (2_345, 2_500)],
]  # fmt: skip

# Test errors of two arms, paired by seed.
PAIRED = {
    "five seeds, a clear difference": ([1.10, 1.15, 1.07, 1.19, 1.12], [1.31, 1.29, 1.35, 1.27, 1.40]),
    "five seeds, none to see": ([1.10, 1.15, 1.07, 1.19, 1.12], [1.12, 1.11, 1.10, 1.18, 1.15]),
    "two seeds": ([0.0119, 0.0110], [0.0113, 0.0112]),
    "three seeds, almost the same difference": ([0.0119, 0.0121, 0.0117], [0.0109, 0.0111, 0.0108]),
    "values that dwarf their differences": ([1e6 + 0.5, 1e6 + 0.25, 1e6 + 1.0], [1e6 + 0.125, 1e6, 1e6 + 0.25]),
    "differences that add up to nothing": ([1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 4.0, 3.0]),
    "very small numbers": ([1e-12, 3e-12, 2e-12, 5e-12], [2e-12, 3e-12, 5e-12, 9e-12]),
    "thirty seeds, far apart": tuple(np.random.default_rng(7).normal([[1.0], [2.0]], 0.1, (2, 30)).round(6).tolist()),
    "two hundred seeds": tuple(np.random.default_rng(8).normal([[1.0], [1.01]], 0.1, (2, 200)).round(6).tolist()),
}

POWER_SEEDS = [2, 3, 5, 12, 100, 1_000, 100_000]
POWER_ALPHAS = [0.2, 0.05, 0.01, 0.05 / 780, 1e-9]
POWER_EFFECTS = [1e-6, 0.01, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0, 500.0, 4_000.0]

NEEDED_EFFECTS = [0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.8, 1.0, 1.3, 2.0, 3.0, 5.0, 10.0, 100.0]
NEEDED_ALPHAS = [0.05, 0.01, 0.05 / 780]
NEEDED_POWERS = [0.5, 0.8, 0.9, 0.99]


def divided(seed: int, images: int, seeds: int, both: float, a: float, b: float) -> dict:
    """Which images each arm gets wrong with each seed: some that are hard for both arms, the rest by chance."""
    rng = np.random.default_rng(seed)
    hard = rng.random(images) < both
    wrong = {"a": [], "b": []}
    for _ in range(seeds):
        for arm, rate in [("a", a), ("b", b)]:
            errs = (hard & (rng.random(images) < 0.6)) | (rng.random(images) < rate)
            wrong[arm].append(np.flatnonzero(errs).tolist())
    return {"images": images, **wrong}


DIVIDED = {
    "one seed": divided(1, 300, 1, 0.02, 0.05, 0.08),
    "two seeds, few images": divided(2, 40, 2, 0.0, 0.2, 0.3),
    "three seeds, a difference": divided(3, 1_000, 3, 0.01, 0.012, 0.03),
    "three seeds, nearly none": divided(4, 1_000, 3, 0.02, 0.01, 0.011),
    "four seeds of MNIST's size": divided(5, 10_000, 4, 0.006, 0.002, 0.0035),
    "the same images with every seed": {"images": 500, "a": [[3, 4, 5, 6]] * 4, "b": [[5, 6, 7, 8, 9, 10, 11, 12]] * 4},
    "seeds that contradict each other": {"images": 200, "a": [[1, 2, 3], [], [9]], "b": [[9], [1, 2, 3, 4], [9, 10]]},
    "no errors": {"images": 50, "a": [[], []], "b": [[], []]},
}
# From five seeds on, the interval is studentised.
STUDENTISED = {
    "five seeds of MNIST's size": divided(5, 10_000, 5, 0.006, 0.002, 0.0035),
    "five seeds, many errors": divided(6, 60, 5, 0.1, 0.15, 0.25),
    "eight seeds, nearly none": divided(7, 400, 8, 0.03, 0.03, 0.032),
    "thirty seeds": divided(8, 300, 30, 0.05, 0.03, 0.04),
    "the same images with every seed": {"images": 500, "a": [[3, 4, 5, 6]] * 6, "b": [[5, 6, 7, 8, 9, 10, 11, 12]] * 6},
    "seeds that contradict each other": {
        "images": 200, "a": [[1, 2, 3], [], [9], [4, 5, 6, 7], [11]], "b": [[9], [1, 2, 3, 4], [9, 10], [], [12, 13, 14]],
    },
}  # fmt: skip
MARGIN = 0.02
RESAMPLES = 10_000
# Resamples of the implementation here.
NAIVE_RESAMPLES = 20_000
# A count of independent resamples strays this many standard deviations from its mean once in a million.
STANDARD_ERRORS = 5


def mcnemar_seeds_case(counts: list[tuple[int, int]]) -> dict:
    b, c = (sum(column) for column in zip(*counts, strict=True))
    return {"counts": counts, "p_value": mcnemar_case(b, c)["p_value"]}


def paired_t_case(name: str, a: list[float], b: list[float]) -> dict:
    result = stats.ttest_rel(a, b)
    differences = np.subtract(a, b)
    intervals = []
    for level in LEVELS:
        low, high = result.confidence_interval(level)
        intervals.append({"level": level, "low": float(low), "high": float(high)})
    return {
        "name": name,
        "a": a,
        "b": b,
        "mean": float(np.mean(differences)),
        "sd": float(np.std(differences, ddof=1)),
        "t": float(result.statistic),
        "p_value": float(result.pvalue),
        "intervals": intervals,
    }


def mean_over_chi(freedom: int, function, breaks: list) -> mpmath.mpf:
    """The mean of function(S) for S the square root of a chi-squared variable over its degrees of freedom."""
    v = mpmath.mpf(freedom)
    norm = mpmath.log(2) + v / 2 * mpmath.log(v / 2) - mpmath.loggamma(v / 2)
    width = 1 / mpmath.sqrt(2 * v)
    top = 1 + 40 * width
    points = {mpmath.mpf(0), top} | {1 + k * width for k in range(-40, 40, 4)} | set(breaks)

    def weighted(s: mpmath.mpf) -> mpmath.mpf:
        return mpmath.exp(norm + (v - 1) * mpmath.log(s) - v * s * s / 2) * function(s)

    return mpmath.quad(weighted, sorted(point for point in points if 0 <= point <= top))


@cache
def critical_value(freedom: int, alpha: float) -> mpmath.mpf:
    """The two-sided critical value of Student's t, by Newton's method on the logarithms."""
    half = mpmath.mpf(freedom) / 2
    log_t = mpmath.log(-stats.t.ppf(alpha / 2, freedom))
    for _ in range(20):
        t = mpmath.exp(log_t)
        breaks = [k / t for k in [0.001, 0.01, 0.1, 0.3, 1, 2, 3, 4, 6, 8, 10, 14, 20]]
        tail = mean_over_chi(freedom, lambda s, t=t: mpmath.erfc(t * s / mpmath.sqrt(2)), breaks)
        y = 2 * half / (2 * half + t * t)
        slope = 2 * y**half * mpmath.sqrt(1 - y) / mpmath.beta(half, 0.5)
        step = mpmath.log(tail / alpha) * tail / slope
        log_t += step
        if abs(step) < mpmath.mpf(10) ** -22:
            return mpmath.exp(log_t)
    raise ValueError((freedom, alpha))


def power_by_definition(effect: float, n: int, alpha: float) -> float:
    """T = (Z + delta) / S, in 30 digits: for each S, how often Z takes it beyond the critical value."""
    delta, t = effect * mpmath.sqrt(n), critical_value(n - 1, alpha)
    root = mpmath.sqrt(2)
    breaks = [(delta + k) / t for k in [-20, -10, -6, -4, -2, -1, 0, 1, 2, 4, 6, 10, 20]]

    def beyond(s: mpmath.mpf) -> mpmath.mpf:
        return (mpmath.erfc((t * s - delta) / root) + mpmath.erfc((t * s + delta) / root)) / 2

    return float(mean_over_chi(n - 1, beyond, breaks))


def scipys_power(effect: float, n: int, alpha: float) -> float:
    """NaN where scipy's upper tail is; the lower one is NaN only where it adds nothing."""
    noncentrality, t = effect * sqrt(n), stats.t.isf(alpha / 2, n - 1)
    return float(stats.nct.sf(t, n - 1, noncentrality) + np.nan_to_num(stats.nct.cdf(-t, n - 1, noncentrality)))


def power_case(effect: float, n: int, alpha: float) -> dict:
    exact = power_by_definition(effect, n, alpha)
    scipys, theirs = scipys_power(effect, n, alpha), float(TTestPower().power(effect, n, alpha))
    # Both lose digits to a noncentrality of thousands; statsmodels forms 1 minus nearly 1 where both tails are tiny.
    tolerance = 1e-11 if effect * sqrt(n) < 1_000 else 1e-6
    assert isnan(scipys) or isclose(scipys, exact, rel_tol=tolerance), (effect, n, alpha, scipys, exact)
    assert isnan(theirs) or isclose(theirs, exact, rel_tol=1e3 * tolerance, abs_tol=1e-12), (effect, n, alpha, theirs)
    return {"effect_size": effect, "n": n, "alpha": alpha, "power": exact}


def needed_case(effect: float, alpha: float, power: float) -> dict:
    """The smallest n whose power is enough; statsmodels' solver agrees where what it finds has that power."""

    def enough(n: int) -> bool:
        return scipys_power(effect, n, alpha) >= power

    too_few, needed = 1, 2
    while not enough(needed):
        too_few, needed = needed, 2 * needed
    while needed - too_few > 1:
        middle = (too_few + needed) // 2
        too_few, needed = (too_few, middle) if enough(middle) else (middle, needed)
    if needed > 3:
        solved = float(np.squeeze(TTestPower().solve_power(effect, None, alpha, power)))
        if isclose(TTestPower().power(effect, solved, alpha), power, rel_tol=1e-9):
            assert ceil(solved - 1e-6) == needed, (effect, alpha, power, solved, needed)
    return {"effect_size": effect, "alpha": alpha, "power": power, "seeds": needed}


def signs(case: dict) -> np.ndarray:
    """[seed, image]: 1 where only a errs, -1 where only b does."""
    matrix = np.zeros((len(case["a"]), case["images"]), dtype=int)
    for seed, (a, b) in enumerate(zip(case["a"], case["b"], strict=True)):
        matrix[seed, a] += 1
        matrix[seed, b] -= 1
    return matrix


def resampled_distribution(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distribution of the resampled total that infinitely many resamples would show: values, probabilities.

    For each multiset of seeds the total is a sum of independent draws from the images' weighted signs, whose distribution
    is the power of a characteristic function; the multisets are then mixed by their multinomial probabilities.
    """
    seeds, images = matrix.shape
    reach = images * seeds
    probabilities = np.zeros(2 * reach + 1)
    for drawn in combinations_with_replacement(range(seeds), seeds):
        times = np.bincount(drawn, minlength=seeds)
        chance = factorial(seeds) / prod(factorial(k) for k in times) / seeds**seeds
        one = np.bincount(times @ matrix % (2 * reach + 1), minlength=2 * reach + 1) / images
        total = np.fft.irfft(np.fft.rfft(one) ** images, 2 * reach + 1)
        probabilities += chance * np.roll(total, reach)
    return np.arange(-reach, reach + 1), np.clip(probabilities, 0, None) / probabilities.sum()


def naive_totals(matrix: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Two-way resampling as it is written down: every image and every seed is drawn."""
    rng = np.random.default_rng(seed)
    seeds, images = matrix.shape
    totals = np.empty(resamples)
    for i in range(resamples):
        of_image = matrix[rng.integers(0, seeds, seeds)].sum(axis=0)
        totals[i] = of_image[rng.integers(0, images, images)].sum()
    return totals


def bootstrap_case(name: str, case: dict) -> dict:
    """Bounds that the percentiles of RESAMPLES resamples keep to, but for once in a million.

    The q quantile of B resamples lies below x only if more than q B of them do, which is binomial with the probability
    P(X <= x): so it lies between the exact quantiles at q -+ k sqrt(q (1 - q) / B).
    """
    matrix = signs(case)
    seeds, images = matrix.shape
    values, probabilities = resampled_distribution(matrix)
    below = np.cumsum(probabilities)
    for level in [0.8, 0.95]:
        low, high = np.quantile(naive_totals(matrix, 2_000, seed=images), [(1 - level) / 2, (1 + level) / 2])
        for q, end in [((1 - level) / 2, low), ((1 + level) / 2, high)]:
            assert within(values, below, q, end, 2_000), (name, level, end)
    if seeds == 1 and matrix.any():
        own = stats.bootstrap(
            (matrix[0].astype(float),), np.sum, method="percentile", n_resamples=RESAMPLES, rng=1, batch=500
        )
        for q, end in [(0.025, own.confidence_interval.low), (0.975, own.confidence_interval.high)]:
            assert within(values, below, q, end, RESAMPLES), (name, end)

    scale = images * seeds
    ends = []
    for level in [0.5, 0.8, 0.95, 0.99]:
        low, high = (bounds(values, below, q, RESAMPLES) for q in [(1 - level) / 2, (1 + level) / 2])
        ends.append({"level": level, "low": [x / scale for x in low], "high": [x / scale for x in high]})
    at_most_0, at_least_0 = float(below[values == 0][0]), float(probabilities[values >= 0].sum())
    per_seed = [mcnemar_case(int((row > 0).sum()), int((row < 0).sum())) for row in matrix]
    rates = [np.array([len(wrong) for wrong in case[arm]]) / images for arm in ["a", "b"]]
    varies = seeds > 1 and np.ptp(matrix.sum(axis=1)) > 0
    return {
        "name": name,
        **case,
        "difference": float(matrix.mean()),
        "ends": ends,
        "rarer_tail": min(at_most_0, at_least_0, 1.0),
        "mcnemar": [test["p_value"] for test in per_seed],
        "paired_t": float(stats.ttest_rel(*rates).pvalue) if varies else None,
    }


def difference_and_error(drawn: np.ndarray) -> tuple[float, float]:
    """The mean of a matrix [seed, image], and its standard error by the mean squares of a two-way analysis of variance."""
    seeds, images = drawn.shape
    mean, of_seeds, of_images = drawn.mean(), drawn.mean(axis=1), drawn.mean(axis=0)
    rest = drawn - of_seeds[:, None] - of_images[None, :] + mean
    between_seeds = images * np.sum((of_seeds - mean) ** 2) / (seeds - 1)
    between_images = seeds * np.sum((of_images - mean) ** 2) / (images - 1)
    residual = np.sum(rest**2) / ((seeds - 1) * (images - 1))
    # Seeds spread by what is left, at the least; images may not matter at all.
    variance = max(between_seeds, residual) + max(between_images - residual, 0.0)
    return float(mean), sqrt(variance / drawn.size)


def studentised_case(name: str, case: dict) -> dict:
    """Bounds that the symmetric bootstrap-t interval and p-values of RESAMPLES resamples keep to, but for once in a million.

    Every image and every seed is drawn, and every resample's standard error is worked out from the whole matrix. Both
    this implementation's quantiles and those under test stray.
    """
    matrix = signs(case).astype(float)
    seeds, images = matrix.shape
    rng = np.random.default_rng(seeds * images)
    difference, error = difference_and_error(matrix)
    distances = np.empty(NAIVE_RESAMPLES)
    for i in range(NAIVE_RESAMPLES):
        drawn = matrix[np.ix_(rng.integers(0, seeds, seeds), rng.integers(0, images, images))]
        mean, own_error = difference_and_error(drawn)
        distances[i] = abs(mean - difference) / max(own_error, 1 / matrix.size) * error
    distances.sort()

    def slack(share: float) -> float:
        return STANDARD_ERRORS * sqrt(share * (1 - share) * (1 / RESAMPLES + 1 / NAIVE_RESAMPLES))

    def share_bounds(share: float) -> list[float]:
        # A few counts where next to none are due.
        return [max(share - slack(share) - 3 / RESAMPLES, 0.0), min(share + slack(share) + 3 / RESAMPLES, 1.0)]

    ends = []
    for level in [0.5, 0.8, 0.95, 0.99]:
        places = [max(level - slack(level), 0.0), min(level + slack(level), 1.0)]
        low, high = np.quantile(distances, places[0], method="lower"), np.quantile(distances, places[1], method="higher")
        ends.append({"level": level, "half": [float(low), float(high)]})
    # The last bits of equal distances may go either way.
    beyond = float(np.mean(distances >= abs(difference) * (1 - 1e-9)))
    mirrored = np.concatenate([distances, -distances])
    apart = float(np.mean(mirrored >= (MARGIN - abs(difference)) * (1 - 1e-9)))
    return {
        "name": name,
        **case,
        "difference": difference,
        "ends": ends,
        "p_value": share_bounds(beyond),
        "margin": MARGIN,
        "equivalence_p_value": share_bounds(apart),
    }


def bounds(values: np.ndarray, below: np.ndarray, q: float, resamples: int) -> list[float]:
    slack = STANDARD_ERRORS * sqrt(q * (1 - q) / resamples)
    found = np.searchsorted(below, [max(q - slack, 1e-12), min(q + slack, 1 - 1e-12)])
    return values[np.minimum(found, len(values) - 1)].astype(float).tolist()


def within(values: np.ndarray, below: np.ndarray, q: float, end: float, resamples: int) -> bool:
    low, high = bounds(values, below, q, resamples)
    return low <= end <= high


def main() -> None:
    mpmath.mp.dps = 30
    sections = {
        "mcnemar_seeds": [mcnemar_seeds_case(counts) for counts in MCNEMAR_SEEDS],
        "paired_t": [paired_t_case(name, *case) for name, case in PAIRED.items()],
        "power": [
            power_case(effect, n, alpha) for n in POWER_SEEDS for alpha in POWER_ALPHAS for effect in POWER_EFFECTS
        ],
        "seeds_needed": [
            needed_case(effect, alpha, power)
            for effect in NEEDED_EFFECTS
            for alpha in NEEDED_ALPHAS
            for power in NEEDED_POWERS
        ],
        "bootstrap": [bootstrap_case(name, case) for name, case in DIVIDED.items()],
        "studentised": [studentised_case(name, case) for name, case in STUDENTISED.items()],
    }
    write(GOLDEN / "comparisons.json", sections, ["numpy", "scipy", "statsmodels", "mpmath"])


if __name__ == "__main__":
    main()
