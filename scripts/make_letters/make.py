"""Draw the letters A to J in every font of a folder, divided by families of fonts into training and test pictures.

scripts/make-letters starts this with a Python that has Pillow.
"""

import argparse
import hashlib
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

LETTERS = "ABCDEFGHIJ"

# One that no font has: what is drawn for it stands for every letter that a font lacks.
ABSENT = "\U0010fffd"

# Of a picture, and of the longer side of a letter in it, in pixels.
PICTURE = 64
LETTER = 52

# The size at which a letter is measured before it is drawn at the size that fits.
MEASURED_AT = 200

TEST_SHARE = 0.2

# Of one family, so that the large ones do not outweigh the others.
MOST_FONTS = 2

FONT_FILES = {".ttf", ".otf"}


@dataclass
class Tally:
    """What became of the font files and of the letters in them."""

    left_out: Counter = field(default_factory=Counter)
    pictures: Counter = field(default_factory=Counter)
    fonts_of: Counter = field(default_factory=Counter)
    duplicates: int = 0


def main() -> int:
    options = arguments()
    tally = Tally()
    drawn: set[tuple[str, bytes]] = set()
    for path in font_files(options.fonts, options.seed):
        try:
            family = family_of(path)
            if tally.fonts_of[family] == MOST_FONTS:
                raise Unusable(f"of a family that has {MOST_FONTS}")
            pictures = letters(path)
        except Unusable as reason:
            tally.left_out[str(reason)] += 1
            continue
        tally.fonts_of[family] += 1
        part = part_of(family, options.seed)
        for letter, picture in pictures.items():
            if (letter, picture.tobytes()) in drawn:
                tally.duplicates += 1
                continue
            drawn.add((letter, picture.tobytes()))
            write(options.out / part / letter / f"{path.stem}.png", picture)
            tally.pictures[part] += 1
    if not tally.pictures["train"] or not tally.pictures["test"]:
        print(f"error: the fonts in {options.fonts} do not fill both train and test", file=sys.stderr)
        print("       install more: scripts/make-letters --packages lists Debian's packages", file=sys.stderr)
        return 3
    say(options.out, options.seed, tally)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fonts", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("out", type=Path)
    return parser.parse_args()


class Unusable(Exception):
    """Why a font gives no letters."""


def font_files(folder: Path, seed: int) -> list[Path]:
    """One file of each name, in an order that the seed draws, whatever the file system's is."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in FONT_FILES and path.is_file())
    by_name = {path.stem.lower(): path for path in reversed(files)}
    return [by_name[name] for name in sorted(by_name, key=lambda name: drawn_number(seed, name))]


def drawn_number(seed: int, name: str) -> float:
    """From 0 to 1, by a hash: another font that is installed changes the number of none."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def opened(path: Path, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout is in every Pillow; Raqm, if it is there, would kern and substitute.
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def family_of(path: Path) -> str:
    """The first word of the family's name, so that DejaVu Sans and DejaVu Serif are one family."""
    try:
        name = opened(path, MEASURED_AT).getname()[0]
    except OSError as error:
        raise Unusable("that cannot be read") from error
    words = (name or path.stem).replace("-", " ").split()
    return words[0].lower() if words else path.stem.lower()


def part_of(family: str, seed: int) -> str:
    return "test" if drawn_number(seed, family) < TEST_SHARE else "train"


def letters(path: Path) -> dict[str, Image.Image]:
    """The ten pictures of a font."""
    try:
        font = opened(path, MEASURED_AT)
        absent = outline(font, ABSENT)
        outlines = [outline(font, letter) for letter in LETTERS]
        if None in outlines or absent in outlines:
            raise Unusable("that lack a letter")
        if len(set(outlines)) < len(LETTERS):
            raise Unusable("that draw two letters alike")
        return {letter: picture(path, font, letter) for letter in LETTERS}
    except OSError as error:
        raise Unusable("that cannot be drawn") from error


def outline(font: ImageFont.FreeTypeFont, text: str) -> tuple[tuple[int, int], bytes] | None:
    """What a font draws, cut to its ink; None if there is none."""
    mask = font.getmask(text)
    box = mask.getbbox()
    if box is None:
        return None
    ink = mask.crop(box)
    return ink.size, bytes(ink)


def picture(path: Path, font: ImageFont.FreeTypeFont, letter: str) -> Image.Image:
    """The letter in the middle, as large as fits."""
    left, top, right, bottom = font.getbbox(letter)
    size = MEASURED_AT * LETTER // max(right - left, bottom - top)
    if size == 0:
        raise Unusable("that cannot be drawn")
    fitting = opened(path, size)
    left, top, right, bottom = fitting.getbbox(letter)
    drawing = Image.new("L", (PICTURE, PICTURE), 255)
    corner = ((PICTURE - left - right) / 2, (PICTURE - top - bottom) / 2)
    ImageDraw.Draw(drawing).text(corner, letter, fill=0, font=fitting)
    if drawing.getextrema()[0] > 127:
        raise Unusable("that draw with too thin a line")
    return drawing


def write(path: Path, drawing: Image.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.save(path, optimize=True)


def say(out: Path, seed: int, tally: Tally) -> None:
    for part in ("train", "test"):
        families = [family for family in tally.fonts_of if part_of(family, seed) == part]
        fonts = sum(tally.fonts_of[family] for family in families)
        print(f"{out / part}: {tally.pictures[part]:,} pictures from {fonts:,} fonts of {len(families):,} families")
    print(f"left out: {tally.duplicates:,} pictures that another font has drawn")
    for reason, fonts in sorted(tally.left_out.items()):
        print(f"left out: {fonts:,} fonts {reason}")


if __name__ == "__main__":
    sys.exit(main())
