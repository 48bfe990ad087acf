"""Write small data sets as numpy, scikit-learn and Pillow write them, for the tests of crates/mnist-data.

Versions: Python 3.11.7, numpy 2.4.6, scikit-learn 1.9.1, Pillow 13.0.0. Run it with MNIST's four files in
~/.cache/pooling-study/datasets/mnist; it writes the same bytes every time.
"""

import gzip
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

GOLDEN = Path(__file__).parents[2] / "crates/mnist-data/tests/golden"
MNIST = Path(os.path.expanduser("~/.cache/pooling-study/datasets/mnist"))


def idx(name: str, header: int) -> np.ndarray:
    raw, packed = MNIST / name, MNIST / f"{name}.gz"
    content = raw.read_bytes() if raw.exists() else gzip.decompress(packed.read_bytes())
    return np.frombuffer(content, np.uint8, offset=header)


def savez(path: Path, **arrays: np.ndarray) -> None:
    """np.savez_compressed, with the time of every entry fixed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    with zipfile.ZipFile(packed) as found, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as fixed:
        for entry in found.infolist():
            fixed.writestr(zipfile.ZipInfo(entry.filename), found.read(entry), zipfile.ZIP_DEFLATED)


def excerpt() -> None:
    parts = {}
    for part, files, count in (("train", "train", 24), ("test", "t10k", 12)):
        images = idx(f"{files}-images-idx3-ubyte", 16).reshape(-1, 28, 28)
        labels = idx(f"{files}-labels-idx1-ubyte", 8)
        if part == "test":
            # Only classes that the training images have.
            keep = np.isin(labels, parts["y_train"])
            images, labels = images[keep], labels[keep]
        parts[f"x_{part}"], parts[f"y_{part}"] = images[:count], labels[:count]
    savez(GOLDEN / "excerpt.npz", **parts)


def medmnist() -> None:
    def images(count: int) -> np.ndarray:
        return np.arange(count * 48).astype(np.uint8).reshape(count, 4, 4, 3)

    savez(
        GOLDEN / "medmnist.npz",
        train_images=images(3), val_images=images(2), test_images=images(1),
        train_labels=np.array([[0], [1], [2]], np.uint8), val_labels=np.array([[1], [0]], np.uint8),
        test_labels=np.array([[2]], np.uint8),
    )  # fmt: skip


def faults() -> None:
    x, y = np.zeros((2, 2, 2), np.uint8), np.array([0, 1])
    for name, change in {
        "floats": {"x_train": x.astype(np.float32)},
        "counts": {"y_train": np.array([0, 1, 1])},
        "negative": {"y_train": np.array([0, -1])},
        "names": {"x_train": None, "images": x},
        "flat": {"x_train": np.zeros((2, 4), np.uint8)},
        "sizes": {"x_test": np.zeros((2, 3, 3), np.uint8)},
    }.items():
        arrays = {"x_train": x, "y_train": y, "x_test": x, "y_test": y, **change}
        savez(GOLDEN / f"npz/{name}.npz", **{key: array for key, array in arrays.items() if array is not None})


def digits() -> None:
    found = load_digits()
    rows = np.column_stack([found.data[:60], found.target[:60]])
    np.savetxt(GOLDEN / "digits.csv", rows, fmt="%d", delimiter=",")


def resized() -> None:
    """Pillow's bilinear filter, which averages where a picture shrinks."""
    generator = np.random.default_rng(1)
    cases = []
    for old, new in (((9, 7), (4, 5)), ((3, 4), (8, 9)), ((20, 30), (7, 7)), ((5, 5), (5, 2))):
        pixels = generator.integers(0, 256, old, np.uint8)
        picture = Image.fromarray(pixels).resize(new[::-1], Image.Resampling.BILINEAR)
        expected = np.asarray(picture).flatten().tolist()
        cases.append({"old": old, "new": new, "pixels": pixels.flatten().tolist(), "expected": expected})
    (GOLDEN / "resized.json").write_text(json.dumps(cases) + "\n")


def pictures() -> None:
    """The same picture in every format, sixteen pixels wide and twelve high; the JPEG lies on its side."""
    folder = GOLDEN / "pictures"
    folder.mkdir(exist_ok=True)
    rows, columns = np.mgrid[0:12, 0:16]
    pixels = np.stack([rows * 20, columns * 15, (rows + columns) * 9], axis=-1).astype(np.uint8)
    picture = Image.fromarray(pixels)
    picture.save(folder / "1.png", optimize=True)
    picture.save(folder / "1.bmp")
    picture.save(folder / "1.webp", lossless=True)
    picture.save(folder / "1.gif")
    exif = Image.Exif()
    exif[0x112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(folder / "1.jpg", quality=98, subsampling=0, exif=exif)


if __name__ == "__main__":
    pictures()
    excerpt()
    medmnist()
    faults()
    digits()
    resized()
