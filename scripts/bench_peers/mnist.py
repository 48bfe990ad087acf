"""MNIST from its IDX files as NumPy arrays, for the peers that are written in Python."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049


@dataclass(frozen=True)
class Mnist:
    """Images `[N, 28, 28]`, `float32` in 0 to 1, and labels `[N]`, `int64`."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray

    @classmethod
    def read(cls, train_images: int) -> "Mnist":
        """The first `train_images` of the training set, and the whole test set."""
        return cls(
            images("train-images-idx3-ubyte", train_images),
            labels("train-labels-idx1-ubyte", train_images),
            images("t10k-images-idx3-ubyte"),
            labels("t10k-labels-idx1-ubyte"),
        )


def images(name: str, count: int | None = None) -> np.ndarray:
    return read_idx(name, IMAGES_MAGIC, 3)[:count].astype(np.float32) / np.float32(255)


def labels(name: str, count: int | None = None) -> np.ndarray:
    return read_idx(name, LABELS_MAGIC, 1)[:count].astype(np.int64)


def read_idx(name: str, magic: int, dimensions: int) -> np.ndarray:
    path = Path(os.environ["POOL_DATA_DIR"]) / "mnist" / name
    content = path.read_bytes()
    found, *shape = (int.from_bytes(content[at : at + 4], "big") for at in range(0, 4 * (1 + dimensions), 4))
    if found != magic:
        raise SystemExit(f"error: {path} starts with {found}, not with {magic}: it is not the file its name says")
    return np.frombuffer(content, dtype=np.uint8, offset=4 * (1 + dimensions)).reshape(shape)
