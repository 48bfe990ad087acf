# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.11.0", "tensorflow-cpu==2.21.0", "keras==3.15.1", "numpy==2.4.6"]
# ///
"""Write the golden values that crates/pool-models/tests/pooling_golden.rs holds the pooling layers against.

Run it after `pip install` of the dependencies above, or with a runner that reads them from this header:

    python scripts/golden/pooling.py

Everything is computed on the CPU. torch's wheel cannot be imported without the CUDA libraries that it depends on,
so they are installed (3 GB) although nothing here uses them.

The output is the same on every run; a changed line in it means that a library or a case below changed.

The peers differ in one thing: where the gradient of a maximum goes when several inputs share it. PyTorch, and
TensorFlow in one and two dimensions, send it to the first of them, and so do the pooling layers. TensorFlow's
`MaxPool3D` sends all of it to each of them, and Keras's global maximum splits it evenly; `check_ties` holds that
this is still so. Cases of these two layers therefore have no ties.

On the CPU, TensorFlow's windows over three axes exist in float32 only.
"""

import json
import os
from collections.abc import Callable
from importlib.metadata import version
from itertools import product
from math import prod
from pathlib import Path

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
# oneDNN picks its kernels, and with them the order of a sum, by the processor.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
import tensorflow as tf
import torch

OUTPUT = Path(__file__).resolve().parents[2] / "crates/pool-models/tests/golden/pooling.json"
REDUCERS = {"max": ("Max", "Max"), "avg": ("Avg", "Average")}  # the word in PyTorch's and in Keras's layer names
DTYPES = {"f32": "float32", "f64": "float64"}

# Shape [N, C, spatial...], the pool without its reducer, how the input is filled, why the case is there.
BOTH_PEERS = [
    ((2, 3, 8), {"size": 2}, "distinct", "the input divides evenly"),
    ((1, 2, 9), {"size": 2}, "negative", "the last entry falls away"),
    ((1, 2, 9), {"size": [3], "stride": 1}, "ties", "windows overlap"),
    ((1, 2, 9), {"size": 2, "stride": [3]}, "distinct", "the stride is larger than the window"),
    ((1, 1, 5), {"size": 5}, "constant", "one window sees everything"),
    ((2, 3, 6, 6), {"size": 2}, "distinct", "the study's window"),
    ((1, 2, 7, 9), {"size": 2}, "ties", "odd inputs"),
    ((1, 2, 7, 7), {"size": 3, "stride": 2}, "negative", "windows overlap"),
    ((1, 2, 6, 9), {"size": [2, 3]}, "distinct", "a window that is not square"),
    ((2, 1, 8, 7), {"size": [3, 2], "stride": [1, 3]}, "ties", "window and stride are not square"),
    ((1, 2, 9, 8), {"size": 2, "stride": 3}, "distinct", "the stride is larger than the window"),
    ((1, 3, 1, 9), {"size": [1, 2]}, "negative", "one row"),
    ((1, 2, 5, 5), {"size": 3, "stride": 1}, "constant", "windows overlap on equal values"),
    ((1, 2, 4, 4), {"size": 1}, "distinct", "each window is one entry"),
    ((1, 2, 4, 4, 4), {"size": 2}, "distinct", "the input divides evenly"),
    ((1, 1, 5, 4, 5), {"size": 3, "stride": 1}, "negative", "windows overlap"),
    ((1, 1, 5, 6, 4), {"size": [2, 3, 1], "stride": [2, 1, 3]}, "distinct", "window and stride are not cubic"),
    ((2, 1, 1, 5, 4), {"size": [1, 2, 2]}, "distinct", "one plane"),
]
SAME_PADDING = [
    ((2, 2, 9), {"size": 2}, "negative", "one padded cell, at the end"),
    ((1, 2, 8), {"size": 3, "stride": 1}, "ties", "one padded cell at both ends"),
    ((1, 2, 8), {"size": [4], "stride": 1}, "negative", "the odd padded cell comes last"),
    ((1, 2, 9), {"size": 2, "stride": 4}, "distinct", "the stride is larger than the window"),
    ((1, 2, 3), {"size": 7, "stride": 2}, "negative", "the window is larger than the input"),
    ((2, 3, 5, 5), {"size": 2}, "negative", "one padded row and column, at the end"),
    ((1, 2, 7, 8), {"size": 3, "stride": 2}, "ties", "the padding differs between the axes"),
    ((1, 2, 6, 6), {"size": 3, "stride": 1}, "negative", "the output is as large as the input"),
    ((1, 2, 5, 7), {"size": [2, 3]}, "distinct", "a window that is not square"),
    ((1, 2, 7, 6), {"size": [4, 3], "stride": [1, 2]}, "negative", "window and stride are not square"),
    ((1, 2, 9, 7), {"size": 2, "stride": 3}, "distinct", "the stride is larger than the window"),
    ((1, 3, 1, 7), {"size": 2}, "negative", "one row: half of each window is padding"),
    ((1, 2, 3, 2), {"size": 5, "stride": 2}, "ties", "the window is larger than the input"),
    ((1, 2, 5, 5), {"size": 2, "stride": 1}, "constant", "no padded cell receives a gradient"),
    ((1, 2, 5, 4, 3), {"size": 2}, "negative", "odd and even axes"),
    ((1, 1, 4, 5, 4), {"size": 3, "stride": [1, 2, 2]}, "negative", "the padding differs between the axes"),
    ((1, 2, 1, 4, 5), {"size": [2, 2, 3], "stride": [1, 3, 2]}, "distinct", "one plane"),
    ((1, 2, 1, 4, 3), {"size": 3, "stride": 1}, "negative", "one plane amid padding: the window is larger"),
]
SYMMETRIC_PADDING = [
    ((1, 2, 8), {"size": 3, "stride": 2, "padding": 1}, "negative", "the last padded cell is not reached"),
    ((2, 2, 7), {"size": [4], "stride": 1, "padding": [2]}, "ties", "half of the window is padding"),
    ((1, 2, 3), {"size": 5, "padding": 2}, "negative", "the window is larger than the input"),
    ((2, 2, 7, 7), {"size": 3, "stride": 2, "padding": 1}, "negative", "the window of ResNet"),
    ((1, 2, 6, 5), {"size": 2, "padding": 1}, "ties", "half of the window is padding"),
    ((1, 2, 6, 7), {"size": [2, 3], "stride": [2, 1], "padding": [0, 1]}, "negative", "one axis is padded"),
    ((1, 2, 8, 9), {"size": [3, 5], "stride": [4, 3], "padding": [1, 2]}, "distinct", "nothing is square"),
    ((1, 2, 1, 6), {"size": [3, 2], "stride": 1, "padding": [1, 0]}, "negative", "one row amid padding"),
    ((1, 2, 4, 4), {"size": 3, "stride": 1, "padding": 1}, "constant", "no padded cell receives a gradient"),
    ((1, 2, 4, 3, 5), {"size": 3, "stride": 2, "padding": 1}, "negative", "three axes are padded"),
    ((1, 1, 4, 5, 3), {"size": [2, 3, 2], "stride": 1, "padding": [1, 0, 1]}, "ties", "two axes are padded"),
]
ADAPTIVE = [
    ((2, 2, 8), {"adaptive": 4}, "distinct", "the output divides the input"),
    ((1, 2, 9), {"adaptive": [4]}, "negative", "windows overlap"),
    ((1, 2, 3), {"adaptive": 5}, "ties", "more windows than inputs"),
    ((2, 2, 8, 8), {"adaptive": 4}, "negative", "the output divides the input"),
    ((1, 2, 7, 9), {"adaptive": 3}, "ties", "the output does not divide the input"),
    ((1, 2, 9, 5), {"adaptive": [4, 3]}, "distinct", "an output that is not square"),
    ((1, 2, 4, 3), {"adaptive": [7, 2]}, "negative", "more windows than inputs along one axis"),
    ((1, 3, 1, 8), {"adaptive": [1, 5]}, "negative", "one row"),
    ((1, 2, 5, 5), {"adaptive": 3}, "constant", "windows overlap on equal values"),
    ((1, 2, 4, 5, 6), {"adaptive": 2}, "distinct", "the output does not divide every axis"),
    ((1, 1, 5, 4, 3), {"adaptive": [3, 1, 2]}, "ties", "an output that is not cubic"),
    ((1, 1, 2, 3, 3), {"adaptive": [3, 2, 4]}, "negative", "more windows than inputs along two axes"),
    # PyTorch's word for a global pool that keeps its axes.
    ((2, 2, 7), {"global": {"keep_dims": True}}, "ties", "the first of equal values takes the gradient"),
    ((2, 2, 5, 5), {"global": {"keep_dims": True}}, "ties", "the first of equal values takes the gradient"),
    ((1, 2, 3, 4, 3), {"global": {"keep_dims": True}}, "ties", "the first of equal values takes the gradient"),
]
GLOBAL = [
    ((2, 3, 9), "negative", "one axis"),
    ((2, 3, 5, 5), "negative", "two axes"),
    ((1, 3, 1, 7), "distinct", "one row"),
    ((2, 2, 3, 4, 4), "distinct", "three axes"),
]

# Makes the weights of the output's entries once its shape is known.
DrawWeights = Callable[[tuple[int, ...]], np.ndarray]


def fill(rng: np.random.Generator, how: str, shape: tuple[int, ...]) -> np.ndarray:
    """Values of three decimals; only "ties" and "constant" hold equal ones."""
    count = prod(shape)
    match how:
        case "distinct":
            values = rng.choice(np.arange(-2_000, 2_001), count, replace=False)
        case "negative":
            values = rng.choice(np.arange(-2_000, -500), count, replace=False)
        case "ties":
            values = rng.integers(-2, 3, count) * 250
        case "constant":
            values = np.full(count, -625)
        case _:
            raise ValueError(how)
    return (values / 1_000).reshape(shape)


def per_axis(value: int | list[int], rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def torch_layer(pool: dict, rank: int) -> torch.nn.Module:
    word = REDUCERS[pool["reduce"]][0]
    if "size" not in pool:
        return getattr(torch.nn, f"Adaptive{word}Pool{rank}d")(pool.get("adaptive", 1))
    size, stride = pool["size"], pool.get("stride", pool["size"])
    padding = 0 if pool.get("padding", "valid") == "valid" else pool["padding"]
    own = {"count_include_pad": False} if pool["reduce"] == "avg" else {}
    return getattr(torch.nn, f"{word}Pool{rank}d")(size, stride, padding, **own)


def keras_layer(pool: dict, rank: int, dtype: str) -> keras.layers.Layer:
    word = REDUCERS[pool["reduce"]][1]
    if "global" in pool:
        keep_dims = pool["global"] is not True
        return getattr(keras.layers, f"Global{word}Pooling{rank}D")(keepdims=keep_dims, dtype=dtype)
    size, stride = per_axis(pool["size"], rank), per_axis(pool.get("stride", pool["size"]), rank)
    layer = getattr(keras.layers, f"{word}Pooling{rank}D")
    return layer(size, stride, pool.get("padding", "valid"), data_format="channels_last", dtype=dtype)


def run_torch(layer: torch.nn.Module, values: np.ndarray, draw_weights: DrawWeights) -> tuple[np.ndarray, ...]:
    inputs = torch.tensor(values, requires_grad=True)
    output = layer(inputs)
    weights = draw_weights(tuple(output.shape))
    (output * torch.tensor(weights)).sum().backward()
    return output.detach().numpy(), weights, inputs.grad.numpy()


def run_keras(layer: keras.layers.Layer, values: np.ndarray, draw_weights: DrawWeights) -> tuple[np.ndarray, ...]:
    inputs = tf.Variable(np.moveaxis(values, 1, -1))
    with tf.GradientTape() as tape:
        output = layer(inputs)
        channels_first = np.moveaxis(output.numpy(), -1, 1)
        weights = draw_weights(channels_first.shape)
        loss = tf.reduce_sum(output * np.moveaxis(weights, 1, -1))
    return channels_first, weights, np.moveaxis(tape.gradient(loss, inputs).numpy(), -1, 1)


class Cases:
    """Collects cases; each has its own generator, so that a new case changes no other."""

    def __init__(self) -> None:
        self.cases = []

    def add(self, peer: str, shape: tuple[int, ...], pool: dict, how: str, why: str) -> None:
        name = json.dumps([peer, shape, pool, how])
        rng = np.random.default_rng(list(name.encode()))
        rank = len(shape) - 2
        # For one shape the two reducers, and the two peers, are run in different types.
        swap = sum(shape) + (pool["reduce"] == "avg") + (peer == "Keras")
        dtype = list(DTYPES)[swap % 2]
        if peer == "Keras" and rank == 3 and "size" in pool:
            dtype = "f32"
        kind = DTYPES[dtype]
        values = fill(rng, how, shape).astype(kind)

        def draw_weights(output_shape: tuple[int, ...]) -> np.ndarray:
            weights = rng.choice(np.arange(1, 400), prod(output_shape), replace=False) / 100
            return weights.reshape(output_shape).astype(kind)

        if peer == "PyTorch":
            layer = torch_layer(pool, rank)
            output, weights, gradient = run_torch(layer, values, draw_weights)
        else:
            layer = keras_layer(pool, rank, kind)
            output, weights, gradient = run_keras(layer, values, draw_weights)
        assert output.dtype == gradient.dtype == kind and gradient.shape == shape, name
        self.cases.append({
            "peer": peer,
            "layer": type(layer).__name__,
            "why": why,
            "pool": pool,
            "dtype": dtype,
            "shape": shape,
            "input": flat(values),
            "output_shape": output.shape,
            "output": flat(output),
            "weights": flat(weights),
            "gradient": flat(gradient),
        })  # fmt: skip


def flat(values: np.ndarray) -> list[int | float]:
    """The shortest decimals that give the same value back in the array's own type."""
    decimals = (float(np.format_float_scientific(value, unique=True)) for value in np.ravel(values))
    return [int(value) if value.is_integer() else value for value in decimals]


def check_ties() -> None:
    """Where the gradient of a maximum over equal values goes, by peer: see the top of this file."""
    for rank in (1, 2, 3):
        equal = np.ones((1, 1) + (2,) * rank, "float32")
        cells = equal.size
        first = [1] + [0] * (cells - 1)
        window = {"reduce": "max", "size": 2}
        everything = {"reduce": "max", "global": True}
        for run, layer, expected in [
            (run_torch, torch_layer(window, rank), first),
            (run_torch, torch_layer(everything, rank), first),
            (run_keras, keras_layer(window, rank, "float32"), [1] * cells if rank == 3 else first),
            (run_keras, keras_layer(everything, rank, "float32"), [1 / cells] * cells),
        ]:
            _, _, gradient = run(layer, equal, lambda shape: np.ones(shape, "float32"))
            assert gradient.ravel().tolist() == expected, (type(layer).__name__, gradient.ravel())


def main() -> None:
    check_ties()
    cases = Cases()
    for shape, pool, how, why in BOTH_PEERS:
        cases.add("PyTorch", shape, {"reduce": "max"} | pool, how, why)
        cases.add("PyTorch", shape, {"reduce": "avg"} | pool, how, why)
        cases.add("Keras", shape, {"reduce": "avg"} | pool, how, why)
        cases.add("Keras", shape, {"reduce": "max"} | pool | {"padding": "valid"}, how, why)
    for shape, pool, how, why in SAME_PADDING:
        for reducer in REDUCERS:
            cases.add("Keras", shape, {"reduce": reducer} | pool | {"padding": "same"}, how, why)
    for shape, pool, how, why in SYMMETRIC_PADDING + ADAPTIVE:
        for reducer in REDUCERS:
            cases.add("PyTorch", shape, {"reduce": reducer} | pool, how, why)
    for (shape, how, why), spelling, reducer in product(GLOBAL, (True, {"keep_dims": True}), REDUCERS):
        cases.add("Keras", shape, {"reduce": reducer, "global": spelling}, how, why)

    made_with = {name: version(name) for name in ["torch", "keras", "tensorflow-cpu", "numpy"]}
    # One case a line, so that a changed value is a changed line and not a changed file.
    lines = ",\n".join("    " + json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases.cases)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(f'{{\n  "made_with": {json.dumps(made_with)},\n  "cases": [\n{lines}\n  ]\n}}\n')


if __name__ == "__main__":
    main()
