"""Files that are there whole or not at all."""

import os
from pathlib import Path


def write_whole(file: Path, content: str) -> None:
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(content)
    os.replace(partial, file)
