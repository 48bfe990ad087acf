"""MNIST where it is, or as many made pictures in its place, so that a machine without it can be checked, too."""

import os
from pathlib import Path

import idx_files
import subset
from quantities import Pictures

# So many that a file of 60,000 is written, as MNIST has for training.
MADE = Pictures(images=56_250)


def provide(scratch: Path) -> str:
    """Says what they are. Every program started from here on finds them."""
    if (subset.mnist() / "train-images-idx3-ubyte").is_file():
        return "MNIST"
    os.environ["POOL_DATA_DIR"] = str(scratch)
    idx_files.write(MADE, subset.mnist())
    return "made pictures in MNIST's place"
