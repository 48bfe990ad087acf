"""A folder that is gone when the program ends, even when it is killed."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_folder(program: str) -> Iterator[Path]:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix=f"{program}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
