"""Pictures to learn from, written as the four IDX files that pool-cli reads from a folder.

Every class has a random picture. An image of it is that picture with other noise in the low bits of each byte. A tenth
of the images have any label: were all of them learned, gradients would shrink to numbers that processors compute slowly.
"""

import random
import struct
import sys
from array import array
from pathlib import Path

from quantities import Pictures

NOISE_BITS = 0x7F
WRONG_LABELS = 0.1
BYTES, INTEGERS = 0x08, 0x0C

# A sixteenth of the training file is held out for validation, and as many images are for testing.
VALIDATION = 0.0625


def train_file_images(pictures: Pictures) -> int:
    """So many that `pictures.images` are left when the validation images are held out."""
    return -(-pictures.images * 16 // 15)


def held_out(pictures: Pictures) -> int:
    return train_file_images(pictures) - pictures.images


def bytes_on_disk(pictures: Pictures) -> int:
    images = train_file_images(pictures) + held_out(pictures)
    return images * (pictures.pixels + array("i").itemsize)


def write(pictures: Pictures, folder: Path) -> None:
    folder.mkdir()
    draw = random.Random(1)
    class_pictures = [draw.randbytes(pictures.pixels) for _ in range(pictures.classes)]
    for part, count in [("train", train_file_images(pictures)), ("t10k", held_out(pictures))]:
        write_images(folder / f"{part}-images-idx3-ubyte", pictures, class_pictures, count, draw)
        write_labels(folder / f"{part}-labels-idx1-ubyte", pictures, count, draw)


def write_images(
    file: Path, pictures: Pictures, class_pictures: list[bytes], count: int, draw: random.Random
) -> None:
    side, channels = pictures.side, pictures.channels
    # A whole picture is one integer here: two operations instead of two per pixel.
    noise_mask = int.from_bytes(bytes([NOISE_BITS]) * pictures.pixels)
    bright = [int.from_bytes(one) & ~noise_mask for one in class_pictures]
    with file.open("wb") as out:
        out.write(header(BYTES, [count, side, side] + ([channels] if channels > 1 else [])))
        for index in range(count):
            noise = draw.getrandbits(8 * pictures.pixels) & noise_mask
            out.write((bright[index % pictures.classes] | noise).to_bytes(pictures.pixels))


def write_labels(file: Path, pictures: Pictures, count: int, draw: random.Random) -> None:
    classes = pictures.classes
    any_label = (draw.random() < WRONG_LABELS for _ in range(count))
    drawn = (draw.randrange(classes) if wrong else i % classes for i, wrong in enumerate(any_label))
    if classes <= 256:
        file.write_bytes(header(BYTES, [count]) + bytes(drawn))
        return
    labels = array("i", drawn)
    if sys.byteorder == "little":
        labels.byteswap()
    file.write_bytes(header(INTEGERS, [count]) + labels.tobytes())


def header(element: int, sizes: list[int]) -> bytes:
    return struct.pack(f">BBBB{len(sizes)}I", 0, 0, element, len(sizes), *sizes)
