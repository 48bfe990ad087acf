"""What pool-cli leaves of a sweep with one arm and one seed."""

import json
from pathlib import Path

from messages import fail


def only_record(run_folder: Path, kind: str) -> dict:
    """`kind` is the folder, `trials` or `costs`."""
    records = [json.loads(path.read_text()) for path in run_folder.glob(f"{kind}/*/record.json")]
    if len(records) != 1:
        fail(f"pool-cli left {len(records)} records in {run_folder / kind}, where one was expected")
    return records[0]


def program(provenance: dict) -> str:
    """Such as "pool-cli 0.1.0 (27b24339bd71), libtorch 2.11.0"."""
    revision = provenance["git_revision"]
    return f"{provenance['program']}{f' ({revision})' if revision else ''}, libtorch {provenance['libtorch']}"
