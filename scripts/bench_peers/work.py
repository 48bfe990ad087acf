"""What every program is given to do: the driver writes it, and each peer reads it from its first argument, as JSON."""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Self

from networks import NETWORKS, Layer

EPOCH_IMAGES = 48_000


@dataclass(frozen=True)
class Work:
    """`layers` are those of `network`; `networks.py` says what they can be. `train_images` are the first of the
    training set, and an epoch has all of them."""

    network: str
    layers: list[Layer]
    train_images: int
    batch_size: int
    epochs: int
    threads: int
    seed: int
    learning_rate: float = 0.001
    adam_epsilon: float = 1e-7
    batch_norm_momentum: float = 0.99
    batch_norm_epsilon: float = 1e-3
    predictions: int = 3
    latencies: int = 200
    latency_warm_up: int = 10

    @classmethod
    def of(cls, network: str, images: int | None, epochs: int, threads: int, seed: int) -> Self:
        chosen = NETWORKS[network]
        return cls(network, chosen.layers, images or chosen.images, chosen.batch_size, epochs, threads, seed)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_arguments(cls) -> Self:
        return cls(**json.loads(sys.argv[1]))
