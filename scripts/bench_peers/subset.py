"""A folder with the first of MNIST's training images, of which pool-cli holds out the last fifth."""

import os
import shutil
from pathlib import Path

TRAIN, TEST = "train", "t10k"
HELD_OUT = 0.2


def of_mnist(train_images: int, folder: Path) -> Path:
    """As many images as leave `train_images` to train with. `folder` is made if it is not there yet."""
    if not folder.exists():
        folder.mkdir()
        kept = round(train_images / (1 - HELD_OUT))
        for kind, dimensions in (("images-idx3-ubyte", 3), ("labels-idx1-ubyte", 1)):
            (folder / f"{TRAIN}-{kind}").write_bytes(head((mnist() / f"{TRAIN}-{kind}").read_bytes(), dimensions, kept))
            shutil.copyfile(mnist() / f"{TEST}-{kind}", folder / f"{TEST}-{kind}")
    return folder


def mnist() -> Path:
    return Path(os.environ["POOL_DATA_DIR"]) / "mnist"


def head(idx: bytes, dimensions: int, count: int) -> bytes:
    """An IDX file that has the first `count` items of another."""
    header = 4 * (1 + dimensions)
    items = int.from_bytes(idx[4:8], "big")
    item_bytes = (len(idx) - header) // items
    return idx[:4] + count.to_bytes(4, "big") + idx[8:header] + idx[header : header + count * item_bytes]
