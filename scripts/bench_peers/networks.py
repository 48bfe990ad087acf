"""The networks that are trained: once as pool-cli's sweep file has them, and once as a list of layers for the peers.

The list says all that a peer must know, the sizes of the inputs included, so that none of them computes shapes.
"""

from dataclasses import dataclass

Layer = dict[str, object]

SIDE = 28
CLASSES = 10


@dataclass(frozen=True)
class Network:
    """`model` is what the sweep file says of it, and `words` what the document does. `images` are those of an epoch
    where `--images` does not say otherwise."""

    words: str
    model: str
    layers: list[Layer]
    batch_size: int
    images: int


class Chain:
    """Puts layers one after the other and keeps the shape that the next one gets."""

    def __init__(self, channels: int = 1, side: int = SIDE) -> None:
        self.channels, self.side = channels, side
        self.layers: list[Layer] = []

    def add(self, kind: str, **settings: object) -> "Chain":
        self.layers.append({"kind": kind, **settings})
        return self

    def conv(self, filters: int, kernel: int, *, same: bool = False, stride: int = 1, bias: bool = True) -> "Chain":
        padding = kernel // 2 if same else 0
        settings = {"kernel": kernel, "padding": padding, "stride": stride, "bias": bias}
        self.add("conv", channels=self.channels, filters=filters, **settings)
        self.side = (self.side + 2 * padding - kernel) // stride + 1
        self.channels = filters
        return self

    def batch_norm(self) -> "Chain":
        return self.add("batch_norm", channels=self.channels)

    def relu(self) -> "Chain":
        return self.add("relu")

    def max_pool(self) -> "Chain":
        self.side //= 2
        return self.add("max_pool")

    def average_pool(self) -> "Chain":
        self.side //= 2
        return self.add("average_pool")

    def global_average(self) -> "Chain":
        self.side = 1
        return self.add("global_average")

    def dropout(self, share: float) -> "Chain":
        return self.add("dropout", share=share)

    def flatten(self) -> "Chain":
        self.channels, self.side = self.channels * self.side**2, 1
        return self.add("flatten")

    def dense(self, units: int) -> "Chain":
        self.add("dense", inputs=self.channels, units=units)
        self.channels = units
        return self

    def residual(self, filters: int, stride: int) -> "Chain":
        """Two convolutions with a shortcut around them, which is a convolution of 1x1 where the block changes the
        shape."""
        block = Chain(self.channels, self.side).conv(filters, 3, same=True, stride=stride).batch_norm().relu()
        block.conv(filters, 3, same=True).batch_norm()
        shortcut = Chain(self.channels, self.side)
        if stride > 1:
            shortcut.conv(filters, 1, stride=stride)
        self.channels, self.side = block.channels, block.side
        return self.add("residual", layers=block.layers, shortcut=shortcut.layers)


def study(pool: str, pooled: Chain, words: str) -> Network:
    layers = pooled.dropout(0.2).flatten().dense(128).relu().dense(CLASSES).layers
    model = f'[model]\nnetwork = "study"\n\n[[arm]]\nname = "peer"\npool = "{pool}"\n'
    words = f"Conv2D(32, 5x5, relu), {words}, Dropout(0.2), Flatten, Dense(128, relu), Dense(10)"
    return Network(words, model, layers, batch_size=200, images=48_000)


def studys_convolution() -> Chain:
    return Chain().conv(32, 5).relu()


def built_in(name: str) -> str:
    return f'[model]\nnetwork = "{name}"\n\n[[arm]]\nname = "peer"\n'


PYTORCH_MNIST = """\
[model]
layers = [
    { conv2d = { filters = 32, kernel = 3, activation = "relu" } },
    { conv2d = { filters = 64, kernel = 3, activation = "relu" } },
    "pool",
    { dropout = 0.25 },
    "flatten",
    { dense = { units = 128, activation = "relu" } },
    { dropout = 0.5 },
    "logits",
]

[[arm]]
name = "peer"
pool = "max"
"""

VGG_SMALL = """\
[model]
layers = [
    { conv2d = { filters = 32, kernel = 3, padding = "same", bias = false } },
    { batch_norm = {} },
    { activation = "relu" },
    { conv2d = { filters = 32, kernel = 3, padding = "same", bias = false } },
    { batch_norm = {} },
    { activation = "relu" },
    "pool",
    { conv2d = { filters = 64, kernel = 3, padding = "same", bias = false } },
    { batch_norm = {} },
    { activation = "relu" },
    { conv2d = { filters = 64, kernel = 3, padding = "same", bias = false } },
    { batch_norm = {} },
    { activation = "relu" },
    "pool",
    { pool = { reduce = "avg", global = true } },
    "flatten",
    "logits",
]

[[arm]]
name = "peer"
pool = "max"
"""


def keras_convnet() -> list[Layer]:
    features = Chain().conv(32, 3).relu().max_pool().conv(64, 3).relu().max_pool()
    return features.flatten().dropout(0.5).dense(CLASSES).layers


def pytorch_mnist() -> list[Layer]:
    features = Chain().conv(32, 3).relu().conv(64, 3).relu().max_pool()
    return features.dropout(0.25).flatten().dense(128).relu().dropout(0.5).dense(CLASSES).layers


def vgg_small() -> list[Layer]:
    chain = Chain()
    for filters in (32, 64):
        for _ in range(2):
            chain.conv(filters, 3, same=True, bias=False).batch_norm().relu()
        chain.max_pool()
    return chain.global_average().dense(CLASSES).layers


def resnet8() -> list[Layer]:
    chain = Chain().conv(16, 3, same=True).batch_norm().relu()
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        chain.residual(filters, stride).relu()
    return chain.global_average().dense(CLASSES).layers


NETWORKS = {
    "study-average": study("avg", studys_convolution().average_pool(), "average pooling (2x2)"),
    "study-maximum": study("max", studys_convolution().max_pool(), "maximum pooling (2x2)"),
    "study-none": study("none", studys_convolution(), "no pooling"),
    "keras-convnet": Network(
        "the convnet of Keras's MNIST example: Conv2D(32, 3x3, relu), maximum pooling, Conv2D(64, 3x3, relu), maximum "
        "pooling, Flatten, Dropout(0.5), Dense(10)",
        built_in("keras-convnet"),
        keras_convnet(),
        batch_size=128,
        images=19_200,
    ),
    "pytorch-mnist": Network(
        "the network of PyTorch's MNIST example: Conv2D(32, 3x3, relu), Conv2D(64, 3x3, relu), maximum pooling, "
        "Dropout(0.25), Flatten, Dense(128, relu), Dropout(0.5), Dense(10)",
        PYTORCH_MNIST,
        pytorch_mnist(),
        batch_size=64,
        images=6_400,
    ),
    "vgg-small": Network(
        "four convolutions of 3x3 without bias, 32, 32, 64 and 64 filters, each with batch normalisation and relu, "
        "maximum pooling after every second, global average pooling, Dense(10)",
        VGG_SMALL,
        vgg_small(),
        batch_size=128,
        images=6_400,
    ),
    "resnet8": Network(
        "MLPerf Tiny's residual network, `crates/pool-spec/networks/resnet8.toml`",
        built_in("resnet8"),
        resnet8(),
        batch_size=128,
        images=6_400,
    ),
}
