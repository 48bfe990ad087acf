# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "scipy==1.17.1", "torch==2.11.0", "torchvision==0.26.0"]
# ///
"""Golden values of the changes of training images, from SciPy (geometry) and torchvision (brightness and contrast).

    python scripts/golden/augmentations.py

writes crates/mnist-data/tests/golden/augmentations.json: an image `[C, H, W]`, what is done to it, and what it becomes.
"""

import json
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import affine_transform
from torchvision.transforms import functional

OUTPUT = Path(__file__).resolve().parents[2] / "crates/mnist-data/tests/golden/augmentations.json"
STILL = {
    "mirror_columns": False,
    "mirror_rows": False,
    "down": 0,
    "right": 0,
    "degrees": 0.0,
    "factor": 1.0,
    "brightness": 1.0,
    "contrast": 1.0,
    "cutout": None,
}


def geometry(channel, change):
    if change["mirror_columns"]:
        channel = channel[:, ::-1]
    if change["mirror_rows"]:
        channel = channel[::-1]
    angle = np.deg2rad(change["degrees"])
    # Rows count downwards: a counter-clockwise turn as the viewer sees it.
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / change["factor"]
    centre = (np.array(channel.shape) - 1) / 2
    offset = centre - matrix @ (centre + [change["down"], change["right"]])
    return affine_transform(channel.astype(np.float64), matrix, offset, order=1, mode="grid-constant")


def changed(image, change):
    image = np.stack([geometry(channel, change) for channel in image]).astype(np.float32)
    image = functional.adjust_brightness(torch.from_numpy(image), change["brightness"])
    image = functional.adjust_contrast(image, change["contrast"]).numpy()
    if change["cutout"]:
        (row, column), side = change["cutout"]
        rows = slice(max(row - side // 2, 0), row - side // 2 + side)
        columns = slice(max(column - side // 2, 0), column - side // 2 + side)
        image[:, rows, columns] = 0
    return image


def main():
    random = np.random.default_rng(16)
    cases = []
    for shape, changes in [
        ([1, 6, 5], {"down": 2, "right": -1}),
        ([1, 6, 5], {"mirror_columns": True, "right": 1}),
        ([1, 5, 4], {"mirror_rows": True, "mirror_columns": True}),
        ([1, 7, 7], {"degrees": 25.0}),
        ([3, 6, 8], {"degrees": -10.0, "factor": 1.3, "down": -1, "right": 2, "mirror_columns": True}),
        ([1, 8, 6], {"factor": 0.7, "mirror_rows": True}),
        ([3, 4, 5], {"brightness": 1.4}),
        ([3, 4, 5], {"brightness": 0.5, "contrast": 1.5}),
        ([1, 4, 5], {"contrast": 0.3}),
        ([3, 5, 5], {"cutout": [[0, 4], 3]}),
        ([1, 6, 6], {"cutout": [[3, 2], 4], "degrees": 90.0}),
    ]:
        image = random.random(shape).round(3).astype(np.float32)
        change = STILL | changes
        values = [float(str(value)) for value in changed(image, change).ravel()]
        cases.append({"shape": shape, "image": [float(str(v)) for v in image.ravel()], "change": change, "expected": values})
    lines = ",\n".join(json.dumps(case) for case in cases)
    OUTPUT.write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases in {OUTPUT.name}, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
