"""The entries that each window of a pool sees, gathered with PyTorch so that gradients pass.

The reducers that no peer has as a layer are PyTorch's own functions over the last axis of these.
"""

from collections.abc import Callable, Iterator
from itertools import product
from math import ceil, floor

import torch
import torch.nn.functional as F

from cases import per_axis

# Maps entries `[.., K]`, and which of them exist, to `[..]`. Entries that do not exist are padding.
Reduce = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def over_windows(reduce: Reduce, pool: dict, inputs: torch.Tensor) -> torch.Tensor:
    spatial = inputs.shape[2:]
    if "size" in pool:
        padded, seen = pad(pool, inputs)
        return reduce(gather(pool, padded), gather(pool, seen))
    if "global" in pool:
        output = reduce(inputs.flatten(2), torch.ones_like(inputs, dtype=torch.bool).flatten(2))
        return output if pool["global"] is True else output.reshape(*output.shape, *[1] * len(spatial))
    sizes = per_axis(pool["adaptive"], len(spatial))
    sizes = [extent if size == "same" else size for size, extent in zip(sizes, spatial, strict=True)]
    outputs = []
    for places in product(*map(regions, spatial, sizes)):
        region = inputs[(..., *places)].flatten(2)
        outputs.append(reduce(region, torch.ones_like(region, dtype=torch.bool)))
    return torch.stack(outputs, -1).reshape(*inputs.shape[:2], *sizes)


def regions(extent: int, size: int) -> Iterator[slice]:
    """PyTorch's adaptive regions."""
    return (slice(floor(i * extent / size), ceil((i + 1) * extent / size)) for i in range(size))


def pad(pool: dict, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Zeros around the input, as far as a window reaches, and which cells are the input's."""
    amounts = []
    for axis, extent in enumerate(inputs.shape[2:]):
        size, stride, dilation = window(pool, inputs.dim() - 2)[axis]
        reach = (size - 1) * dilation + 1
        match pool.get("padding", "valid"):
            case "valid":
                before = after = 0
            case "same":
                total = max((ceil(extent / stride) - 1) * stride + reach - extent, 0)
                before, after = total // 2, total - total // 2
            case padding:
                before = after = per_axis(padding, inputs.dim() - 2)[axis]
        beyond = extent + before + after - reach
        count = (ceil if pool.get("ceil") else floor)(beyond / stride) + 1
        if (count - 1) * stride >= extent + before:
            count -= 1  # the window would start in the padding after the input
        amounts.append((before, max((count - 1) * stride + reach - extent - before, 0)))
    flat = [amount for pair in reversed(amounts) for amount in pair]
    return F.pad(inputs, flat), F.pad(torch.ones_like(inputs), flat).bool()


def gather(pool: dict, padded: torch.Tensor) -> torch.Tensor:
    rank = padded.dim() - 2
    for axis, (size, stride, dilation) in enumerate(window(pool, rank)):
        padded = padded.unfold(2 + axis, (size - 1) * dilation + 1, stride)[..., ::dilation]
    return padded.flatten(2 + rank)


def window(pool: dict, rank: int) -> list[tuple[int, int, int]]:
    """Size, stride and dilation of each axis."""
    size = per_axis(pool["size"], rank)
    stride, dilation = per_axis(pool.get("stride", pool["size"]), rank), per_axis(pool.get("dilation", 1), rank)
    return list(zip(size, stride, dilation, strict=True))
