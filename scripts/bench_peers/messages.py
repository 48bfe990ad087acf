"""Words to the user on standard error, and the end of the program when it cannot go on."""

import sys
from typing import NoReturn


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def fail(message: str) -> NoReturn:
    raise SystemExit(f"error: {message}")
