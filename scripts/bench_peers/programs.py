"""The programs that are measured, in the order in which they take turns."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import ours
import peers
from measurement import Measurement
from results import OURS
from work import Work

NAMES = (
    OURS,
    "ours bf16",
    "Keras",
    "PyTorch",
    "PyTorch tuned",
    "PyTorch tuned bf16",
    "JAX",
    "stock tch",
    "burn",
    "candle",
)


def option(name: str) -> str:
    """How a command names it."""
    return name.lower().replace(" ", "-")


@dataclass(frozen=True)
class Installed:
    """What is started; empty where no chosen program needs it."""

    pool_cli: str
    stock_tch: str
    rust_peers: str
    keras_python: str
    pytorch_python: str
    jax_python: str

    def measure(self, name: str, scratch: Path) -> Callable[[Work], Measurement]:
        match name:
            case "ours":
                return partial(ours.measure, self.pool_cli, "f32", scratch)
            case "ours bf16":
                return partial(ours.measure, self.pool_cli, "bf16", scratch)
            case "Keras":
                return partial(peers.measure_keras, self.keras_python)
            case "PyTorch":
                return partial(peers.measure_pytorch, self.pytorch_python, "tutorial")
            case "PyTorch tuned":
                return partial(peers.measure_pytorch, self.pytorch_python, "tuned")
            case "PyTorch tuned bf16":
                return partial(peers.measure_pytorch, self.pytorch_python, "tuned-bf16")
            case "JAX":
                return partial(peers.measure_jax, self.jax_python)
            case "stock tch":
                return partial(peers.measure_stock_tch, self.stock_tch)
            case "burn" | "candle":
                return partial(peers.measure_rust, self.rust_peers, name)
        raise ValueError(name)
