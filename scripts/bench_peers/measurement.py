"""What one program, in one round, took for its work."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """What all programs must agree on, as each of them has counted it."""

    threads: int
    train_images: int
    test_images: int
    batch_size: int
    parameters: int


@dataclass(frozen=True)
class OwnCosts:
    """What pool-cli's own records say: of training, which is measured with another method than the table's, and how
    many floating-point operations training takes for an image."""

    epoch_s: list[float]
    training_peak_bytes: int | None
    flop_per_image: int


@dataclass(frozen=True)
class Measurement:
    """`epoch_s` is without the first epoch, which warms up, and for as many images as `facts` has; `train_loss` is that
    of the second, for which the tolerance of checks.py holds."""

    program: str
    facts: Facts
    epoch_s: list[float]
    train_loss: float
    prediction_s: list[float]
    latency_s: list[float]
    test_error: float
    peak_bytes: int
    added_peak_bytes: int | None
    others_share: float | None
    own: OwnCosts | None = None
