# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "torch==2.11.0", "tensorflow-cpu==2.21.0", "keras==3.15.1", "numpy==2.4.6", "scipy==1.17.1", "PyWavelets==1.9.0",
#     "torchvision==0.26.0", "timm==1.0.31", "antialiased-cnns==0.3",
# ]
# ///
"""Write the golden values of the pooling operators beyond maxima and averages: tests/golden/operators.json.

    python scripts/golden/operators.py

A peer's own layer is run where one exists and agrees; elsewhere PyTorch's functions are composed over the entries that
each window sees (see compositions.py), and "layer" names the deciding one. PyWavelets and SciPy have no gradients, but
are linear: theirs is the transpose applied to the weights.

Beside "cases" the file has "masked", with a mask `[N, L]`, and "indexed", with the place of each maximum in its plane
and, where windows do not overlap, the output put back there.

A value in f32 is asserted to be f64's to half of what the tests allow, or the case is stored in f64: one that loses
more says little about the operator.

Where a peer does otherwise than the pooling layers, `check_peers` holds that it still does, and no case does it.
"""

import json
from collections.abc import Callable
from math import comb, isnan
from zlib import crc32

import numpy as np
import pywt
import scipy.signal
import torch
import torch.nn.functional as F
from antialiased_cnns import BlurPool
from antialiased_cnns.blurpool import BlurPool1D
from timm.layers import SelectAdaptivePool2d, adaptive_avgmax_pool2d
from timm.layers.adaptive_avgmax_pool import adaptive_catavgmax_pool2d
from timm.layers.blur_pool import BlurPool2d
from timm.layers.median_pool import MedianPool2d
from timm.layers.pool2d_same import AvgPool2dSame, MaxPool2dSame

import operator_tables as tables
from cases import (
    DTYPES,
    DrawWeights,
    Run,
    case,
    fill,
    flat,
    generator,
    keras_layer,
    per_axis,
    run_keras,
    run_torch,
    torch_layer,
    weights_from,
    write,
)
from compositions import Layer, composed, torch_pool

# Runs a layer on an input.
Runner = Callable[[np.ndarray, DrawWeights], Run]


def make(peer: str, layer: str, shape: tuple[int, ...], pool: dict, how: str, why: str, runner: Runner) -> dict:
    name = json.dumps([peer, layer, shape, pool, how])
    short = list(DTYPES)[crc32(name.encode()) % 2]
    for kind in (DTYPES[short], "float64"):
        rng = generator(name)
        values = fill(rng, how, shape).astype(kind)
        run = runner(values, weights_from(rng, kind))
        if kind == "float64" or is_exact(runner, values, run):
            break
    return case(peer, layer, why, pool, values, run)


def is_exact(runner: Runner, values: np.ndarray, run: Run) -> bool:
    """Whether f64 gives the same to half of what the tests allow in f32."""
    exact = runner(values.astype("float64"), lambda _: run[1].astype("float64"))
    return all(np.allclose(*pair, rtol=5e-7, atol=5e-7) for pair in zip(run, exact, strict=True))


def differentiated(layer: Layer | torch.nn.Module) -> Runner:
    """In the input's own type: modules keep their filters in f32."""

    def run(values: np.ndarray, draw_weights: DrawWeights) -> Run:
        if isinstance(layer, torch.nn.Module):
            layer.to(torch.from_numpy(values).dtype)
        return run_torch(layer, values, draw_weights)

    return run


def linear(forward: Callable[[np.ndarray], np.ndarray], transpose: Callable[..., np.ndarray]) -> Runner:
    """`transpose` takes an output and the input's spatial shape."""

    def run(values: np.ndarray, draw_weights: DrawWeights) -> Run:
        output = forward(values)
        weights = draw_weights(output.shape)
        gradient = transpose(weights, values.shape[2:]).astype(values.dtype)
        # The transpose is one: <forward(x), w> = <x, transpose(w)>.
        inner = np.vdot(output, weights), np.vdot(values, gradient)
        assert np.isclose(*inner, rtol=1e-5), inner
        return output, weights, gradient

    return run


def composed_case(spelling: str | dict, shape: tuple[int, ...], pool: dict, how: str, why: str) -> dict:
    layer, function = composed(spelling, pool)
    return make("PyTorch", layer, shape, {"reduce": spelling} | pool, how, why, differentiated(function))


def lp_case(p: float, shape: tuple[int, ...], pool: dict, how: str, why: str) -> dict:
    rank = len(shape) - 2
    layer = getattr(torch.nn, f"LPPool{rank}d")(p, pool["size"], pool.get("stride"))
    pool = {"reduce": {"lp": {"p": p}}} | pool
    return make("PyTorch", type(layer).__name__, shape, pool, how, why, differentiated(layer))


def median_case(peer: str, shape: tuple[int, ...], pool: dict, how: str, why: str) -> dict:
    if peer == "PyTorch":
        return composed_case("median", shape, pool, how, why)
    layer = MedianPool2d(pool["size"], pool.get("stride", pool["size"]))
    return make(peer, "MedianPool2d", shape, {"reduce": "median"} | pool, how, why, differentiated(layer))


def timm_adaptive_case(word: str, shape: tuple[int, ...], pool: dict, how: str, why: str) -> dict:
    sizes = pool.get("adaptive", 1)
    match word:
        case "adaptive_avgmax_pool2d":
            name, layer = word, lambda inputs: adaptive_avgmax_pool2d(inputs, sizes)
        case "adaptive_catavgmax_pool2d":
            name, layer = word, lambda inputs: adaptive_catavgmax_pool2d(inputs, sizes)
        case _:
            name, layer = f"SelectAdaptivePool2d {word}", SelectAdaptivePool2d(pool_type=word, flatten=True)
    reducer = "cat_avg_max" if "cat" in word else "avg_max"
    return make("timm", name, shape, {"reduce": reducer} | pool, how, why, differentiated(layer))


def same_case(reducer: str, shape: tuple[int, ...], pool: dict, how: str, why: str) -> dict:
    size, stride = pool["size"], pool.get("stride", pool["size"])
    own = {"count_padding": True} if reducer == "avg" else {}
    if reducer == "avg":
        layer = AvgPool2dSame(size, stride)
    else:
        layer = MaxPool2dSame(size, stride, dilation=pool.get("dilation", 1))
    pool = {"reduce": reducer} | pool | {"padding": "same"} | own
    return make("timm", type(layer).__name__, shape, pool, how, why, differentiated(layer))


def pyramid_case(reducer: str, shape: tuple[int, ...], levels: list[int], how: str, why: str) -> dict:
    def layer(inputs: torch.Tensor) -> torch.Tensor:
        return torch.cat([torch_pool(reducer, {"adaptive": level}, inputs).flatten(1) for level in levels], 1)

    name = type(torch_layer({"reduce": reducer, "adaptive": 1}, len(shape) - 2)).__name__
    return make("PyTorch", name, shape, {"reduce": reducer, "pyramid": levels}, how, why, differentiated(layer))


def depthwise_blur(taps: int, stride: int, inputs: torch.Tensor) -> torch.Tensor:
    rank, channels = inputs.dim() - 2, inputs.shape[1]
    kernel = torch.ones((1,) * rank, dtype=inputs.dtype)
    for axis in range(rank):
        binomial = torch.tensor([comb(taps - 1, tap) / 2 ** (taps - 1) for tap in range(taps)], dtype=inputs.dtype)
        kernel = kernel * binomial.reshape([-1 if other == axis else 1 for other in range(rank)])
    padded = F.pad(inputs, [(taps - 1) // 2, taps // 2] * rank, mode="reflect")
    convolve = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
    return convolve(padded, kernel.expand(channels, 1, *kernel.shape), stride=stride, groups=channels)


def blur_case(peer: str, shape: tuple[int, ...], reducer: str, size: int, stride: int, taps: int, why: str) -> dict:
    rank, channels = len(shape) - 2, shape[1]
    pool = torch_layer({"reduce": reducer, "size": size, "stride": 1}, rank)
    match peer:
        case "antialiased-cnns":
            blur = (BlurPool1D, BlurPool)[rank - 1](channels, filt_size=taps, stride=stride)
            layer, name = torch.nn.Sequential(pool, blur), type(blur).__name__
        case "timm":
            layer, name = torch.nn.Sequential(pool, BlurPool2d(channels, taps, stride)), "BlurPool2d"
        case _:
            layer, name = (lambda inputs: depthwise_blur(taps, stride, pool(inputs))), f"torch.conv{rank}d"
    spelling = {"blur": {"reduce": reducer, "size": size, "stride": stride, "taps": taps}}
    return make(peer, name, shape, spelling, "distinct", why, differentiated(layer))


def haar_case(shape: tuple[int, ...], how: str, why: str) -> dict:
    rank = len(shape) - 2
    axes = range(2, 2 + rank)

    def forward(values: np.ndarray) -> np.ndarray:
        even = tuple(slice(extent // 2 * 2) for extent in values.shape[2:])
        return pywt.dwtn(values[(..., *even)], "haar", "periodization", axes)["a" * rank]

    def transpose(weights: np.ndarray, spatial: tuple[int, ...]) -> np.ndarray:
        # The wavelets are orthonormal: the inverse is the transpose.
        gradient = pywt.idwtn({"a" * rank: weights}, "haar", "periodization", axes)
        return np.pad(gradient, [(0, 0)] * 2 + [(0, extent % 2) for extent in spatial])

    return make("PyWavelets", "pywt.dwtn", shape, {"haar": {}}, how, why, linear(forward, transpose))


def spectral_case(shape: tuple[int, ...], size: int | list[int], how: str, why: str) -> dict:
    sizes = per_axis(size, len(shape) - 2)

    def forward(values: np.ndarray) -> np.ndarray:
        for axis, size in enumerate(sizes, 2):
            values = scipy.signal.resample(values, size, axis=axis)
        return values

    def transpose(weights: np.ndarray, spatial: tuple[int, ...]) -> np.ndarray:
        for axis, (size, extent) in enumerate(zip(sizes, spatial, strict=True), 2):
            matrix = scipy.signal.resample(np.eye(extent), size, axis=0)
            weights = np.moveaxis(np.moveaxis(weights, axis, -1) @ matrix, -1, axis)
        return weights

    pool = {"spectral": {"output": size}}
    return make("SciPy", "scipy.signal.resample", shape, pool, how, why, linear(forward, transpose))


def masked_case(shape: tuple[int, ...], keep_dims: bool, layout: str, mask: list[list[int]], why: str) -> dict:
    pool = {"reduce": "avg", "global": {"keep_dims": True} if keep_dims else True}

    def run(values: np.ndarray, draw_weights: DrawWeights) -> Run:
        layer = keras_layer(pool, 1, values.dtype.name, layout)
        return run_keras(layer, values, draw_weights, mask=np.array(mask, "bool"))

    stored = make("Keras", "GlobalAveragePooling1D", shape, pool | {"mask": mask}, "distinct", why, run)
    return stored | {"pool": pool, "mask": mask}


def indexed_case(shape: tuple[int, ...], pool: dict, how: str, why: str) -> dict:
    pool = {"reduce": "max"} | pool
    rank = len(shape) - 2
    layer = torch_layer(pool, rank)
    stored = make("PyTorch", type(layer).__name__, shape, pool, how, why, differentiated(layer))
    layer.return_indices = True
    inputs = torch.tensor(stored["input"], dtype=getattr(torch, DTYPES[stored["dtype"]])).reshape(shape)
    output, indices = layer(inputs)
    assert flat(output.numpy()) == stored["output"]
    # An index is a place in the flattened plane.
    assert torch.equal(inputs.flatten(2).gather(2, indices.flatten(2)).reshape(output.shape), output)
    stored["indices"] = indices.flatten().tolist()
    if (window := apart(pool, shape[2:], output.shape[2:])) is not None:
        unpool = getattr(F, f"max_unpool{rank}d")
        size, stride, padding = window
        stored["unpooled"] = flat(unpool(output, indices, size, stride, padding, shape[2:]).numpy())
    return stored


def apart(pool: dict, spatial: tuple[int, ...], output: tuple[int, ...]) -> tuple[tuple[int, ...], ...] | None:
    """Size, stride and padding of windows that do not overlap."""
    rank = len(spatial)
    if "size" not in pool:
        divides = all(extent % size == 0 for extent, size in zip(spatial, output, strict=True))
        size = tuple(extent // size for extent, size in zip(spatial, output, strict=True))
        return (size, size, (0,) * rank) if divides else None
    size, stride = per_axis(pool["size"], rank), per_axis(pool.get("stride", pool["size"]), rank)
    overlap = any(a > b for a, b in zip(size, stride, strict=True))
    if overlap or "dilation" in pool:
        return None
    return size, stride, per_axis(pool.get("padding", 0), rank)


def check_peers() -> None:
    """Where a peer does otherwise: see the top of this file."""
    tensor = torch.tensor
    # PyTorch's LPPool takes powers of the entries, not of their sizes.
    assert F.lp_pool1d(tensor([[[-3.0, -4.0]]]), 1, 2).item() == -7
    assert isnan(F.lp_pool1d(tensor([[[-3.0, -4.0]]]), 3, 2).item())
    assert isnan(F.lp_pool1d(tensor([[[-3.0, 4.0]]]), 1.5, 2).item())
    # A cut window is scaled as if it were whole, and a window of zeros has no gradient.
    assert np.isclose(F.lp_pool1d(tensor([[[3.0, 4.0, 6.0]]]), 2, 2, ceil_mode=True)[0, 0, 1].item(), 6 * 2**0.5)
    for p, function, rank in [(1, F.lp_pool1d, 1), (2, F.lp_pool1d, 1), (3, F.lp_pool2d, 2), (2, F.lp_pool3d, 3)]:
        zeros = torch.zeros((1, 1) + (2,) * rank, requires_grad=True)
        function(zeros, p, 2).sum().backward()
        assert not zeros.grad.any(), p
    # timm's averages count the padding, whatever they are told; its fast maxima share the gradient.
    for counted in (True, False):
        layer = AvgPool2dSame(2, 2, count_include_pad=counted)
        assert layer(torch.ones(1, 1, 3, 3)).ravel().tolist() == [1, 0.5, 0.5, 0.25]
    equal = torch.ones(1, 1, 2, 2, requires_grad=True)
    SelectAdaptivePool2d(pool_type="fastmax")(equal).sum().backward()
    assert equal.grad.ravel().tolist() == [0.25] * 4
    # timm pads an even number of taps, and a stride of three, by one more.
    for taps, stride, agrees in [(3, 2, True), (5, 1, True), (7, 2, True), (4, 2, False), (2, 2, False), (3, 3, False)]:
        inputs = torch.arange(144.0).reshape(1, 1, 12, 12)
        one, other = BlurPool2d(1, taps, stride)(inputs), BlurPool(1, filt_size=taps, stride=stride)(inputs)
        assert (one.shape == other.shape and torch.allclose(one, other)) == agrees, (taps, stride)
    # PyWavelets keeps the last of an odd number of entries, next to a copy of itself.
    assert np.allclose(pywt.dwt(np.arange(5.0), "haar")[0], np.array([1, 5, 8]) / 2**0.5)
    # Keras's mean of nothing.
    layer = keras_layer({"reduce": "avg", "global": True}, 1, "float32")
    assert np.isnan(layer(np.ones((1, 2, 1), "float32"), mask=np.zeros((1, 2), "bool")).numpy()).all()


def main() -> None:
    check_peers()
    cases = []
    for spellings in tables.EVERY_REDUCER.values():
        for index, row in enumerate(tables.EVERY_WINDOW):
            cases.append(composed_case(spellings[index % len(spellings)], *row))
    for build, table in [
        (composed_case, tables.COMPOSED),
        (lp_case, tables.LP),
        (median_case, tables.MEDIAN),
        (timm_adaptive_case, tables.TIMM_ADAPTIVE),
        (same_case, tables.SAME),
        (pyramid_case, tables.PYRAMID),
        (blur_case, tables.BLUR),
        (haar_case, tables.HAAR),
        (spectral_case, tables.SPECTRAL),
    ]:
        cases += [build(*row) for row in table]
    masked = [masked_case(*row) for row in tables.MASKED]
    indexed = [indexed_case(*row) for row in tables.INDEXED]
    packages = ["torch", "keras", "tensorflow-cpu", "timm", "antialiased-cnns", "PyWavelets", "scipy", "numpy"]
    write("operators.json", packages, cases=cases, masked=masked, indexed=indexed)


if __name__ == "__main__":
    main()
