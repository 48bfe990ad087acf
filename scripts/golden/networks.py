# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.11.0", "numpy==2.4.6"]
# ///
"""Golden values of the built-in networks, each written a second time in PyTorch.

    python scripts/golden/networks.py

writes crates/pool-models/tests/golden/networks.json: for each network the input's shape, the number of classes and the
output for given weights. No weight stands in the file: entry i of the n-th parameter or statistic, in the order of the
layers, follows from a formula (`fill` here and in crates/pool-models/tests/it/networks_golden.rs).
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

OUTPUT = Path(__file__).resolve().parents[2] / "crates/pool-models/tests/golden/networks.json"


def wave(count, number):
    return np.sin(np.arange(count, dtype=np.float64) * (0.37 + 0.011 * number) + number)


def fill(network):
    """Weights of the size that training starts from, so that values neither vanish nor grow from layer to layer."""
    number = 0
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in = module.weight[0].numel()
            tensors = [(module.weight, (3 / fan_in) ** 0.5, 0.0), (module.bias, 0.1, 0.0)]
        elif isinstance(module, nn.BatchNorm2d):
            learned = module.weight if module.affine_scale else None
            tensors = [
                (learned, 0.2, 1.0),
                (module.bias, 0.1, 0.0),
                (module.running_mean, 0.1, 0.0),
                (module.running_var, 0.3, 1.0),
            ]
        else:
            continue
        for tensor, amplitude, centre in tensors:
            if tensor is None:
                continue
            values = centre + amplitude * wave(tensor.numel(), number)
            with torch.no_grad():
                tensor.copy_(torch.from_numpy(values.astype(np.float32)).reshape(tensor.shape))
            number += 1


def norm(channels, epsilon=1e-3, scale=True):
    layer = nn.BatchNorm2d(channels, eps=epsilon)
    layer.affine_scale = scale
    return layer


class Same(nn.Module):
    """TensorFlow's "same" padding of a strided convolution: what is odd goes behind."""

    def __init__(self, kernel, stride):
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x):
        pad = []
        for size, kernel, stride in reversed(list(zip(x.shape[2:], self.kernel, self.stride))):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pad += [total // 2, total - total // 2]
        return nn.functional.pad(x, pad)


def conv(before, filters, kernel, stride=1, padding="same", **settings):
    kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
    layers = [Same(kernel, (stride, stride))] if padding == "same" else []
    return nn.Sequential(*layers, nn.Conv2d(before, filters, kernel, stride, **settings))


class Residual(nn.Module):
    def __init__(self, before, filters, stride):
        super().__init__()
        self.layers = nn.Sequential(
            conv(before, filters, 3, stride), norm(filters), nn.ReLU(), conv(filters, filters, 3), norm(filters)
        )
        self.shortcut = conv(before, filters, 1, stride, "valid") if stride > 1 else nn.Identity()

    def forward(self, x):
        return torch.relu(self.layers(x) + self.shortcut(x))


def mean_of_places():
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def lenet5(channels, classes):
    return nn.Sequential(
        conv(channels, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
        conv(6, 16, 5, padding="valid"), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, classes),
    )  # fmt: skip


def keras_convnet(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(1_600, classes),
    )  # fmt: skip


def vgg_small(channels, classes):
    layers = []
    for before, filters in [(channels, 32), (32, 64)]:
        layers += [conv(before, filters, 3), nn.ReLU(), nn.Conv2d(filters, filters, 3), nn.ReLU()]
        layers += [nn.MaxPool2d(2), nn.Dropout(0.25)]
    layers += [nn.Flatten(), nn.Linear(2_304, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, classes)]
    return nn.Sequential(*layers)


def all_cnn(channels, classes):
    layers = [nn.Dropout(0.2)]
    for before, filters in [(channels, 96), (96, 192)]:
        layers += [conv(before, filters, 3), nn.ReLU(), conv(filters, filters, 3), nn.ReLU()]
        layers += [conv(filters, filters, 3, 2), nn.ReLU(), nn.Dropout(0.5)]
    layers += [conv(192, 192, 3), nn.ReLU(), nn.Conv2d(192, 192, 1), nn.ReLU()]
    layers += [nn.Conv2d(192, classes, 1), nn.ReLU(), mean_of_places()]
    return nn.Sequential(*layers)


def airbench94(channels, classes):
    layers = [nn.Conv2d(channels, 24, 2), nn.GELU()]
    for before, filters in [(24, 64), (64, 256), (256, 256)]:
        layers += [conv(before, filters, 3, bias=False), nn.MaxPool2d(2), norm(filters, 1e-12, False), nn.GELU()]
        layers += [conv(filters, filters, 3, bias=False), norm(filters, 1e-12, False), nn.GELU()]
    return nn.Sequential(*layers, nn.MaxPool2d(3), nn.Flatten(), nn.Linear(256, classes, bias=False))


def resnet(blocks):
    def network(channels, classes):
        layers = [conv(channels, 16, 3), norm(16), nn.ReLU()]
        for before, filters, first_stride in [(16, 16, 1), (16, 32, 2), (32, 64, 2)]:
            layers.append(Residual(before, filters, first_stride))
            layers += [Residual(filters, filters, 1) for _ in range(blocks - 1)]
        return nn.Sequential(*layers, mean_of_places(), nn.Linear(64, classes))

    return network


def ds_cnn(channels, classes):
    layers = [conv(channels, 64, (10, 4), 2), norm(64), nn.ReLU(), nn.Dropout(0.2)]
    for _ in range(4):
        layers += [conv(64, 64, 3, groups=64), norm(64), nn.ReLU(), nn.Conv2d(64, 64, 1), norm(64), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(0.4), mean_of_places(), nn.Linear(64, classes))


def case(name, make, shape, classes):
    network = make(shape[0], classes).eval()
    fill(network)
    count = int(np.prod(shape))
    inputs = np.cos(np.arange(2 * count, dtype=np.float64) * 0.71).astype(np.float32).reshape(2, *shape)
    with torch.no_grad():
        output = network(torch.from_numpy(inputs))
    values = [float(str(value)) for value in output.numpy().ravel()]
    return {"network": name, "input": shape, "classes": classes, "output": values}


def main():
    torch.set_num_threads(1)
    cases = [
        case("lenet5", lenet5, [1, 28, 28], 10),
        case("keras-convnet", keras_convnet, [1, 28, 28], 10),
        case("vgg-small", vgg_small, [3, 32, 32], 10),
        case("all-cnn", all_cnn, [3, 32, 32], 10),
        case("airbench94", airbench94, [3, 32, 32], 10),
        case("resnet8", resnet(1), [3, 32, 32], 10),
        case("resnet8", resnet(1), [1, 28, 28], 47),
        case("resnet20", resnet(3), [3, 32, 32], 10),
        case("ds-cnn", ds_cnn, [1, 49, 10], 12),
    ]
    lines = ",\n".join(json.dumps(case) for case in cases)
    OUTPUT.write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases in {OUTPUT.name}, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
