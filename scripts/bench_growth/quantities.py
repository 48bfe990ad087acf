"""What grows: each quantity, and the trials that are measured for its values."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import takewhile

import machine


@dataclass(frozen=True)
class Pictures:
    """The pictures of a trial: so many to train with, square, of so many channels and classes."""

    images: int = 48_000
    side: int = 28
    channels: int = 1
    classes: int = 10

    @property
    def pixels(self) -> int:
        """Of one picture, over all channels."""
        return self.side**2 * self.channels


@dataclass(frozen=True)
class Case:
    """One value of a quantity, and the trial that measures it; `threads` is None where the command line decides."""

    value: int
    pictures: Pictures = Pictures()
    network: str = "study"
    filters: int = 32
    batch_size: int = 200
    threads: int | None = None
    epochs: int = 2


@dataclass(frozen=True)
class Time:
    """The time that is compared, in seconds, and its name in a sentence."""

    name: str
    of: Callable[[Case, float], float]


EPOCH = Time("an epoch", lambda case, image_s: image_s * case.pictures.images)
IMAGE = Time("an image", lambda _, image_s: image_s)
STEP = Time("a step", lambda case, image_s: image_s * case.batch_size)


@dataclass(frozen=True)
class Quantity:
    """`time` is compared with `size`, to which it is proportional when it grows linearly. An exponent of -1 is for a
    time that should shrink in proportion."""

    name: str
    heading: str
    cases: list[Case]
    time: Time
    size_name: str
    size: Callable[[Case], int] = lambda case: case.value
    linear_exponent: int = 1

    def up_to(self, largest: int | None) -> "Quantity":
        return replace(self, cases=[case for case in self.cases if largest is None or case.value <= largest])

    def with_threads(self, threads: int) -> "Quantity":
        return replace(self, cases=[replace(case, threads=case.threads or threads) for case in self.cases])


# Images are chosen so that an epoch takes 1 to 10 s on two cores; a shorter epoch is repeated.
def images() -> list[Case]:
    counts = [1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000]
    return [Case(count, Pictures(images=count), epochs=1 + max(1, min(16, 64_000 // count))) for count in counts]


def sides_of_study() -> list[Case]:
    counts = {16: 96_000, 28: 48_000, 56: 12_000, 112: 3_200, 224: 1_000}
    return [Case(side, Pictures(images=count, side=side)) for side, count in counts.items()]


def sides_of_resnet8() -> list[Case]:
    counts = {16: 8_000, 28: 4_000, 56: 1_000, 112: 400, 224: 200}
    return [
        Case(side, Pictures(images=count, side=side), network="resnet8", batch_size=100)
        for side, count in counts.items()
    ]


def filters() -> list[Case]:
    return [Case(count, Pictures(images=24_000), filters=count) for count in (8, 16, 32, 64, 128, 256)]


def channels() -> list[Case]:
    return [Case(count, Pictures(channels=count)) for count in (1, 3)]


def classes() -> list[Case]:
    return [Case(count, Pictures(classes=count)) for count in (10, 100, 1_000)]


def batches() -> list[Case]:
    return [Case(size, batch_size=size) for size in (8, 16, 32, 64, 128, 256, 512)]


def threads() -> list[Case]:
    processors = machine.usable_processors()
    powers = takewhile(lambda count: count < processors, (2**power for power in range(16)))
    return [Case(count, threads=count) for count in [*powers, processors]]


def output_area(case: Case) -> int:
    """Of the study's first convolution, 5x5 without padding."""
    return (case.value - 4) ** 2


def every_quantity() -> list[Quantity]:
    return [
        Quantity("images", "images", images(), EPOCH, "images"),
        Quantity("side", "side", sides_of_study(), IMAGE, "pixels of the convolution's output", output_area),
        Quantity("side-resnet8", "side", sides_of_resnet8(), IMAGE, "pixels", lambda case: case.value**2),
        Quantity("filters", "filters", filters(), IMAGE, "filters"),
        Quantity("channels", "channels", channels(), IMAGE, "channels"),
        Quantity("classes", "classes", classes(), IMAGE, "classes"),
        Quantity("batch", "batch size", batches(), STEP, "images of a batch"),
        Quantity("threads", "threads", threads(), IMAGE, "threads", linear_exponent=-1),
    ]
