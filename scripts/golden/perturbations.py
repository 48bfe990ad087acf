# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "scipy==1.17.1"]
# ///
"""Write the golden values that crates/mnist-data/tests/perturbations_golden.rs holds its perturbations against.

Run it after `pip install` of the dependencies above, or with a runner that reads them from this header:

    python scripts/golden/perturbations.py

The output is the same on every run; a changed line in it means that a library or a case below changed.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from batch_order import words32
from scipy import ndimage, stats

OUTPUT = Path(__file__).resolve().parents[2] / "crates/mnist-data/tests/golden/perturbations.json"
SEED = 11

# Two pictures of each size. The first is bright up to its edges, the second has a background of one pixel around it,
# with which scipy's modes "constant" and "grid-constant" must agree.
SIZES = [(7, 7), (8, 6), (5, 10)]

SHIFTS = [(1, 0), (0, -2), (-3, 4), (23, -11)]
DEGREES = [5.0, -5.0, 10.0, -15.0, 37.5, 90.0, 135.0, 180.0, -270.0, 359.0]
FACTORS = [0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 0.1, 0.5, 3.3, 10.0]
NOISE_SDS = [0.001, 0.1, 0.2, 0.3, 1.0]
BLUR_SDS = [0.12, 0.5, 1.0, 1.5, 4.0, 100.0]

CASES = [
    *({"shift": {"right": right, "down": down}} for right, down in SHIFTS),
    *({"circular_shift": {"right": right, "down": down}} for right, down in SHIFTS),
    *({"rotation": {"degrees": degrees}} for degrees in DEGREES),
    *({"scale": {"factor": factor}} for factor in FACTORS),
    *({"noise": {"sd": sd}} for sd in NOISE_SDS),
    *({"blur": {"sd": sd}} for sd in BLUR_SDS),
]


def pictures(height: int, width: int) -> np.ndarray:
    draws = np.random.default_rng([height, width])
    both = draws.integers(0, 256, (2, height, width))
    framed = np.zeros_like(both[1])
    framed[1:-1, 1:-1] = both[1][1:-1, 1:-1]
    return np.stack([both[0], framed]).astype(np.uint8)


def shift(picture: np.ndarray, right: int, down: int) -> np.ndarray:
    return ndimage.shift(picture, (down, right), order=0, mode="constant")


def circular_shift(picture: np.ndarray, right: int, down: int) -> np.ndarray:
    return np.roll(picture, (down, right), axis=(0, 1))


def rotation(picture: np.ndarray, degrees: float, mode: str = "grid-constant") -> np.ndarray:
    return ndimage.rotate(picture.astype(np.float64), degrees, reshape=False, order=1, mode=mode)


def scale(picture: np.ndarray, factor: float, mode: str = "grid-constant") -> np.ndarray:
    centre = (np.array(picture.shape) - 1) / 2
    matrix = np.eye(2) / factor
    offset = centre - matrix @ centre
    return ndimage.affine_transform(picture.astype(np.float64), matrix, offset, order=1, mode=mode)


def noise(picture: np.ndarray, index: int, sd: float) -> np.ndarray:
    """One word of the picture's stream per pixel, through the inverse distribution function of the rounded draw."""
    words = words32(SEED, 2**63 + index)
    draws = np.array([next(words) for _ in range(picture.size)]).reshape(picture.shape)
    changes = np.arange(-255, 255)
    thresholds = np.rint(stats.norm.cdf((changes + 0.5) / (255 * sd)) * 2**32).astype(np.int64)
    return np.clip(picture + np.searchsorted(thresholds, draws, side="right") - 255, 0, 255)


def blur(picture: np.ndarray, sd: float) -> np.ndarray:
    return ndimage.gaussian_filter(picture.astype(np.float64), sd, mode="constant", truncate=4.0)


def perturbed(case: dict, picture: np.ndarray, index: int) -> np.ndarray:
    ((kind, parameters),) = case.items()
    if kind == "noise":
        return noise(picture, index, **parameters)
    change = {"shift": shift, "circular_shift": circular_shift, "rotation": rotation, "scale": scale, "blur": blur}
    exact = change[kind](picture, **parameters).astype(np.float64)
    if kind in ("rotation", "scale") and index == 1:
        assert np.allclose(exact, change[kind](picture, **parameters, mode="constant"), rtol=0, atol=1e-9), case
    # First to 2^-20, so that a tie is a tie whatever the last bit of a sine.
    return np.rint(np.rint(exact * 2**20) / 2**20)


def flat(picture: np.ndarray) -> list[int]:
    return picture.astype(int).ravel().tolist()


def size_case(height: int, width: int) -> dict:
    before = pictures(height, width)
    after = [
        {"perturbation": case, "pixels": flat(np.stack([perturbed(case, before[index], index) for index in (0, 1)]))}
        for case in CASES
    ]
    return {"height": height, "width": width, "pixels": flat(before), "perturbed": after}


def check_direction() -> None:
    """Positive degrees are counter-clockwise to scipy, too."""
    picture = pictures(6, 6)[0]
    assert (np.rint(rotation(picture, 90.0)) == np.rot90(picture)).all()


def main() -> None:
    check_direction()
    made_with = {name: version(name) for name in ["numpy", "scipy"]}
    sizes = []
    for case in (size_case(*size) for size in SIZES):
        after = ",\n".join(f"    {json.dumps(row)}" for row in case.pop("perturbed"))
        sizes.append(f'  {json.dumps(case)[:-1]}, "perturbed": [\n{after}\n  ]}}')
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(
        f'{{"made_with": {json.dumps(made_with)}, "seed": {SEED}, "sizes": [\n' + ",\n".join(sizes) + "\n]}\n"
    )


if __name__ == "__main__":
    main()
