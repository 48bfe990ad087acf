"""Pools that no peer has as a layer, composed of PyTorch's functions: a window's entries, reduced by one of them."""

from collections.abc import Callable
from math import inf

import torch

from cases import torch_layer
from windows import Reduce, over_windows

Layer = Callable[[torch.Tensor], torch.Tensor]


def lp(p: float) -> Reduce:
    return lambda entries, _: torch.linalg.vector_norm(entries, p, dim=-1)  # padding is zeros


def gem(p: float) -> Reduce:
    return lambda entries, seen: ((entries.clamp(min=1e-6) ** p * seen).sum(-1) / seen.sum(-1)) ** (1 / p)


def lse(r: float) -> Reduce:
    def reduce(entries: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        count = seen.sum(-1).to(entries.dtype)
        return (torch.logsumexp((r * entries).masked_fill(~seen, -inf), -1) - count.log()) / r

    return reduce


def soft(beta: float) -> Reduce:
    return lambda entries, seen: (torch.softmax((beta * entries).masked_fill(~seen, -inf), -1) * entries).sum(-1)


def stochastic(entries: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
    """The expectation of an entry drawn in proportion to its positive part; padding is zeros."""
    positive = torch.relu(entries)
    total = positive.sum(-1)
    return (positive**2).sum(-1) / torch.where(total > 0, total, 1)


def median(entries: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    if seen.all():
        return torch.median(entries, -1).values
    return torch.nanmedian(entries.masked_fill(~seen, torch.nan), -1).values


def torch_pool(reducer: str, pool: dict, inputs: torch.Tensor) -> torch.Tensor:
    output = torch_layer(pool | {"reduce": reducer}, inputs.dim() - 2)(inputs)
    return output.flatten(1) if pool.get("global") is True else output


def composed(spelling: str | dict, pool: dict) -> tuple[str, Layer]:
    """The deciding function of PyTorch, and the layer made with it."""
    name, parameters = (spelling, {}) if isinstance(spelling, str) else next(iter(spelling.items()))

    def maximum(inputs: torch.Tensor) -> torch.Tensor:
        return torch_pool("max", pool, inputs)

    def average(inputs: torch.Tensor) -> torch.Tensor:
        return torch_pool("avg", pool, inputs)

    def windows(reduce: Reduce) -> Layer:
        return lambda inputs: over_windows(reduce, pool, inputs)

    match name:
        case "min":
            return "minus the maximum of minus the input", lambda inputs: -maximum(-inputs)
        case "avg_max":
            return "maximum and average", lambda inputs: (average(inputs) + maximum(inputs)) / 2
        case "cat_avg_max":
            return "torch.cat of average and maximum", lambda inputs: torch.cat([average(inputs), maximum(inputs)], 1)
        case "mixed":
            alpha = parameters["alpha"]
            return "maximum and average", lambda inputs: alpha * maximum(inputs) + (1 - alpha) * average(inputs)
        case "lp":
            return "torch.linalg.vector_norm", windows(lp(**parameters))
        case "gem":
            return "the mean of powers of torch.clamp", windows(gem(**parameters))
        case "lse":
            return "torch.logsumexp", windows(lse(**parameters))
        case "soft":
            return "torch.softmax", windows(soft(**parameters))
        case "stochastic":
            return "the mean under weights of torch.relu", windows(stochastic)
        case "median":
            return "torch.median", windows(median)
        case _:
            raise ValueError(name)
