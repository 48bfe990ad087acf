# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "scipy==1.17.1", "statsmodels==0.15.0", "scikit-learn==1.9.1", "mpmath==1.3.0", "baycomp==1.0.3"]
# ///
"""Write the golden values that crates/pool-metrics/tests/decisions_golden.rs holds the rules of decisions against.

Run it after `pip install` of the dependencies above, or with a runner that reads them from this header:

    python scripts/golden/decisions.py

The output is the same on every run; a changed line in it means that a library or a case below changed.
"""

from functools import reduce
from itertools import pairwise
from math import isclose, sqrt

import numpy as np
import pandas as pd
from baycomp import CorrelatedTTest
from comparisons import signs
from metrics import GOLDEN, write
from scipy import optimize, stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

# Test errors of two arms, paired by seed.
PAIRED = {
    "five seeds, a clear difference": ([1.10, 1.15, 1.07, 1.19, 1.12], [1.31, 1.29, 1.35, 1.27, 1.40]),
    "five seeds, none to see": ([1.10, 1.15, 1.07, 1.19, 1.12], [1.12, 1.11, 1.10, 1.18, 1.15]),
    "two seeds": ([0.0119, 0.0110], [0.0113, 0.0112]),
    "ten folds": ([9.1, 8.7, 9.4, 9.9, 8.8, 9.0, 9.3, 9.2, 8.9, 9.6], [9.3, 8.6, 9.9, 9.8, 9.2, 9.4, 9.2, 9.6, 9.1, 9.5]),
}
MARGINS = [0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 1.0]
FOLDS = [2, 5, 10]

# Differences of two arms, in errors, seed by seed.
SIGN_FLIPS = {
    "seven seeds of one sign": [3, 5, 1, 2, 8, 4, 9],
    "seven seeds, one against the others": [3, 5, -1, 2, 8, 4, 9],
    "eight seeds, half of them each way": [3, -5, 1, -2, 8, -4, 9, -7],
    "with seeds that do not differ": [0, 0, 4, -1, 3, 5, 0, 2, 6],
    "twelve seeds": [12, -3, 8, 15, -1, 7, 9, 4, -6, 11, 2, 10],
    "fifteen seeds, next to nothing": [1, -1, 2, -2, 1, 0, -1, 3, -2, 1, -1, 2, -3, 1, 1],
}

LOOKS = [[30], [8, 15, 30, 60], [4, 8], [5, 10, 15, 20, 25], [10, 20, 30, 40], [10, 20, 30], [10, 20], [59, 60], [2, 100]]
ALPHAS = [0.05, 0.05 / 3, 0.05 / 45, 0.2]
# C. Reboussin et al., "Computations for Group Sequential Boundaries Using the Lan-DeMets Spending Function Method",
# Controlled Clinical Trials 21(3), 2000, and the package ldbounds: two-sided 0.05, O'Brien-Fleming type, equal looks.
PUBLISHED = {2: [2.9626, 1.9686], 3: [3.7103, 2.5114, 1.9930], 4: [4.3326, 2.9631, 2.3590, 2.0141], 5: [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]}  # fmt: skip


def divided(seed: int, images: int, seeds: int, both: float, a: float, b: float) -> dict:
    """Which images each arm gets wrong with each seed: some that are hard for both arms, the rest by chance."""
    rng = np.random.default_rng(seed)
    hard, harder_for_a = rng.random(images) < both, rng.random(images) < both
    wrong = {"a": [], "b": []}
    for _ in range(seeds):
        for arm, rate in [("a", a), ("b", b)]:
            errs = (hard & (rng.random(images) < 0.6)) | (rng.random(images) < rate)
            if arm == "a":
                errs |= harder_for_a & (rng.random(images) < 0.8)
            wrong[arm].append(np.flatnonzero(errs).tolist())
    return {"images": images, **wrong}


CROSSED = {
    "two seeds, few images": divided(1, 40, 2, 0.05, 0.2, 0.3),
    "three seeds, images that are hard for one arm": divided(2, 200, 3, 0.05, 0.02, 0.03),
    "eight seeds, a difference": divided(3, 120, 8, 0.08, 0.03, 0.06),
    "five seeds, seeds alone": divided(4, 150, 5, 0.0, 0.05, 0.05),
}


def equivalence_case(name: str, a: list[float], b: list[float], margin: float) -> dict:
    p_value = float(ttost_paired(np.array(a), np.array(b), -margin, margin)[0])
    return {"name": name, "a": a, "b": b, "margin": margin, "p_value": p_value}


def corrected_case(name: str, a: list[float], b: list[float], folds: int) -> dict:
    """Nadeau and Bengio's t by its formula; the posterior of baycomp's correlated t-test has the same tails."""
    differences, ratio = np.subtract(a, b), 1 / (folds - 1)
    t = differences.mean() / (differences.std(ddof=1) * sqrt(1 / len(a) + ratio))
    p_value = float(2 * stats.t.sf(abs(t), len(a) - 1))
    if len(a) % folds == 0:
        left, right = CorrelatedTTest.probs(np.array(a), np.array(b), rope=0, runs=len(a) // folds)
        assert isclose(2 * min(left, right), p_value, rel_tol=1e-9), (name, left, right, p_value)
    return {"name": name, "a": a, "b": b, "held_out_ratio": ratio, "t": float(t), "p_value": p_value}


def sign_flip_case(name: str, differences: list[int]) -> dict:
    result = stats.permutation_test(
        (np.array(differences, dtype=float),), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    return {"name": name, "differences": differences, "p_value": float(result.pvalue)}


def spent(time: float, alpha: float) -> float:
    """Both sides together; Lan and DeMets give the function of one side, which has half of alpha."""
    return float(2 * 2 * stats.norm.sf(stats.norm.isf(alpha / 2 / 2) / sqrt(time)))


def levels_case(looks: list[int], alpha: float) -> dict:
    """Boundaries by Gauss-Legendre quadrature of the density of what was not stopped, in standard units of each step."""
    times = [n / looks[-1] for n in looks]
    nodes, weights = np.polynomial.legendre.leggauss(800)
    boundaries, grid, mass, last = [], None, None, 0.0
    for time in times:
        due = spent(time, alpha) - (spent(last, alpha) if last else 0.0)
        step = sqrt(time - last)
        if grid is None:
            boundary = float(stats.norm.isf(due / 2))
        else:

            def crossing(c: float, time=time, step=step, grid=grid, mass=mass) -> float:
                end = c * sqrt(time)
                return max(float(mass @ (stats.norm.sf((end - grid) / step) + stats.norm.sf((end + grid) / step))), 1e-300)

            boundary = optimize.brentq(lambda c: np.log(crossing(c) / due), 1e-3, 20, xtol=1e-14, rtol=1e-13)
        end = min(boundary, 9.0) * sqrt(time)
        new = end * nodes
        if grid is None:
            density = stats.norm.pdf(new / step) / step
        else:
            density = stats.norm.pdf((new[:, None] - grid[None, :]) / step) @ mass / step
        grid, mass, last = new, density * weights * end, time
        boundaries.append(boundary)
    equal = all(isclose(b - a, looks[0]) for a, b in pairwise([0, *looks]))
    if alpha == 0.05 and equal and len(looks) in PUBLISHED:
        assert np.allclose(boundaries, PUBLISHED[len(looks)], atol=2e-4), (looks, boundaries)
    # All boundaries together: the chance that a Brownian motion stays within them, by scipy's multivariate normal.
    if 1 < len(looks) <= 4:
        covariance = [[sqrt(min(s, t) / max(s, t)) for t in times] for s in times]
        within = np.minimum(boundaries, 8.0)
        stays = stats.multivariate_normal(cov=covariance, allow_singular=True).cdf(within, lower_limit=-within, rng=1)
        assert isclose(1 - stays, alpha, abs_tol=2e-4), (looks, alpha, stays)
    return {"looks": looks, "alpha": alpha, "levels": [float(2 * stats.norm.sf(c)) for c in boundaries]}


def crossed(matrix: np.ndarray) -> tuple[float, float, float]:
    """Mean, standard error and degrees of freedom, with seeds and images as crossed random factors."""
    seeds, images = matrix.shape
    rows = [(s, i, matrix[s, i]) for s in range(seeds) for i in range(images)]
    table = anova_lm(ols("d ~ C(seed) + C(image)", pd.DataFrame(rows, columns=["seed", "image", "d"])).fit())
    of_seeds, of_images, rest = (float(table["mean_sq"][row]) for row in ["C(seed)", "C(image)", "Residual"])
    freedoms = [float(table["df"][row]) for row in ["C(seed)", "C(image)", "Residual"]]
    # Seeds spread by what is left, at the least; images may not matter at all.
    of_seeds = max(of_seeds, rest)
    squares = [of_seeds, of_images, rest] if of_images > rest else [of_seeds, 0.0, 0.0]
    variance = squares[0] + squares[1] - squares[2]
    uncertainty = sum(square**2 / freedom for square, freedom in zip(squares, freedoms, strict=True))
    return float(matrix.mean()), sqrt(variance / matrix.size), variance**2 / uncertainty


def crossed_case(name: str, case: dict) -> dict:
    difference, standard_error, freedom = crossed(signs(case))
    return {"name": name, **case, "difference": difference, "standard_error": standard_error, "freedom": freedom}


def ranked(seed: int, images: int, seeds: int, rates: list[float]) -> dict:
    """Which images each of several arms gets wrong with each seed."""
    rng = np.random.default_rng(seed)
    hard = rng.random(images) < 0.04
    wrong = [[np.flatnonzero((hard & (rng.random(images) < 0.6)) | (rng.random(images) < rate)).tolist() for _ in range(seeds)] for rate in rates]
    return {"images": images, "arms": wrong}


RANKED = {
    "four arms, two of them alike": ranked(5, 60, 5, [0.01, 0.06, 0.06, 0.2]),
    "six arms that hardly differ": ranked(6, 50, 3, [0.03, 0.035, 0.04, 0.045, 0.05, 0.055]),
    "two arms": ranked(7, 40, 2, [0.02, 0.3]),
}


def ranked_case(name: str, case: dict) -> dict:
    """Marginal confidence sets of ranks: Mogstad, Romano, Shaikh and Wilhelm 2024, section 3.3, with Holm's correction."""
    arms, errors = case["arms"], [sum(map(len, arm)) for arm in case["arms"]]
    ranks = []
    for j in range(len(arms)):
        others = [k for k in range(len(arms)) if k != j]
        found = [crossed(signs({"images": case["images"], "a": arms[j], "b": arms[k]})) for k in others]
        p_values = [float(2 * stats.t.sf(abs(d) / se, freedom)) for d, se, freedom in found]
        rejected = multipletests(p_values, alpha=0.05, method="holm")[0]
        better = sum(bool(r) and d > 0 for r, (d, _, _) in zip(rejected, found, strict=True))
        worse = sum(bool(r) and d < 0 for r, (d, _, _) in zip(rejected, found, strict=True))
        ranks.append([1 + sum(e < errors[j] for e in errors), 1 + better, len(arms) - worse])
    return {"name": name, **case, "ranks": ranks}


def main() -> None:
    sections = {
        "equivalence": [equivalence_case(name, *arms, margin) for name, arms in PAIRED.items() for margin in MARGINS],
        "corrected_t": [corrected_case(name, *arms, folds) for name, arms in PAIRED.items() for folds in FOLDS],
        "sign_flip": [sign_flip_case(name, differences) for name, differences in SIGN_FLIPS.items()],
        "levels": [levels_case(looks, alpha) for looks in LOOKS for alpha in ALPHAS],
        "crossed": [crossed_case(name, case) for name, case in CROSSED.items()],
        "ranked": [ranked_case(name, case) for name, case in RANKED.items()],
    }
    write(GOLDEN / "decisions.json", sections, ["numpy", "scipy", "statsmodels", "baycomp"])
    print(reduce(lambda text, item: f"{text} {item[0]}: {len(item[1])}", sections.items(), "cases:"))


if __name__ == "__main__":
    main()
