"""What pool-cli leaves of a sweep."""

import json
from collections.abc import Iterator
from pathlib import Path

from messages import fail


def records(run_folder: Path, kind: str) -> Iterator[tuple[Path, dict]]:
    """Files and what they hold; `kind` is the folder, `trials` or `costs`."""
    for path in sorted(run_folder.glob(f"{kind}/*/record.json")):
        yield path, json.loads(path.read_text())


def only_record(run_folder: Path, kind: str) -> dict:
    """Of a sweep with one arm and one seed."""
    found = [record for _, record in records(run_folder, kind)]
    if len(found) != 1:
        fail(f"pool-cli left {len(found)} records in {run_folder / kind}, where one was expected")
    return found[0]


def program(provenance: dict) -> str:
    """Such as "pool-cli 0.1.0 (27b24339bd71), libtorch 2.11.0"."""
    revision = provenance["git_revision"]
    return f"{provenance['program']}{f' ({revision})' if revision else ''}, libtorch {provenance['libtorch']}"
