"""The layers of a Work in PyTorch. Weights start as Keras's and pool-cli's do (Glorot-uniform, zero biases), so that
losses can be compared."""

from torch import Tensor, nn

from work import Work


class Residual(nn.Module):
    def __init__(self, block: nn.Sequential, shortcut: nn.Sequential) -> None:
        super().__init__()
        self.block, self.shortcut = block, shortcut

    def forward(self, values: Tensor) -> Tensor:
        return self.block(values) + self.shortcut(values)


def network(work: Work) -> nn.Sequential:
    net = sequential(work.layers, work)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net


def sequential(layers: list[dict], work: Work) -> nn.Sequential:
    return nn.Sequential(*(module for layer in layers for module in modules(layer, work)))


def modules(layer: dict, work: Work) -> list[nn.Module]:
    match layer:
        case {"kind": "conv", "channels": channels, "filters": filters, "kernel": kernel, "bias": bias, **settings}:
            padding, stride = settings["padding"], settings["stride"]
            return [nn.Conv2d(channels, filters, kernel, stride=stride, padding=padding, bias=bias)]
        case {"kind": "batch_norm", "channels": channels}:
            return [nn.BatchNorm2d(channels, eps=work.batch_norm_epsilon, momentum=1 - work.batch_norm_momentum)]
        case {"kind": "relu"}:
            return [nn.ReLU()]
        case {"kind": "max_pool"}:
            return [nn.MaxPool2d(2)]
        case {"kind": "average_pool"}:
            return [nn.AvgPool2d(2)]
        case {"kind": "global_average"}:
            return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        case {"kind": "dropout", "share": share}:
            return [nn.Dropout(share)]
        case {"kind": "flatten"}:
            return [nn.Flatten()]
        case {"kind": "dense", "inputs": inputs, "units": units}:
            return [nn.Linear(inputs, units)]
        case {"kind": "residual", "layers": layers, "shortcut": shortcut}:
            return [Residual(sequential(layers, work), sequential(shortcut, work))]
    raise ValueError(f"unknown layer {layer}")
