"""Copy the pictures of the npm package emoji-datasource-google into a folder for each category.

scripts/make-emoji starts this with the unpacked package and the folder for the pictures.
"""

import json
import shutil
import sys
from collections import Counter
from pathlib import Path

# Five squares of skin colour: too few for a class, and no emoji that anyone writes.
LEFT_OUT = "Component"


def main() -> None:
    package, out = Path(sys.argv[1]), Path(sys.argv[2])
    categories: Counter[str] = Counter()
    for emoji in json.loads((package / "emoji.json").read_text(encoding="utf-8")):
        category = emoji["category"]
        if category == LEFT_OUT or not emoji["has_img_google"]:
            continue
        target = out / category / f"{emoji['short_name']}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package / "img/google/64" / emoji["image"], target)
        categories[category] += 1
    for category, pictures in sorted(categories.items()):
        print(f"{out / category}: {pictures} pictures")
    print(f"{out}: {categories.total():,} pictures in {len(categories)} categories")


if __name__ == "__main__":
    main()
