"""What every program is given to do: the driver writes it, and each peer reads it from its only argument, as JSON."""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Self

ARMS = ("average", "maximum", "none")
TRAIN_IMAGES = 48_000


@dataclass(frozen=True)
class Work:
    arm: str
    epochs: int
    threads: int
    seed: int
    train_images: int = TRAIN_IMAGES
    batch_size: int = 200
    learning_rate: float = 0.001
    adam_epsilon: float = 1e-7
    predictions: int = 7
    latencies: int = 200
    latency_warm_up: int = 10

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_arguments(cls) -> Self:
        return cls(**json.loads(sys.argv[1]))
