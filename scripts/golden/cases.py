"""What the scripts of golden cases share: inputs, running a peer forward and backward, and one case a line.

A case is a pooling layer as pool-models spells it, run by a peer: an input `[N, C, spatial...]`, the output, and the
gradient of `sum(output * weights)` with respect to the input. A case has its own generator, seeded by its name, so
that a new case changes no other.
"""

import json
import os
from collections.abc import Callable
from importlib.metadata import version
from math import prod
from pathlib import Path

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
# oneDNN picks its kernels, and with them the order of a sum, by the processor.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
import tensorflow as tf
import torch

GOLDEN = Path(__file__).resolve().parents[2] / "crates/pool-models/tests/golden"
REDUCERS = {"max": ("Max", "Max"), "avg": ("Avg", "Average")}  # the word in PyTorch's and in Keras's layer names
DTYPES = {"f32": "float32", "f64": "float64"}

# Makes the weights of the output's entries once its shape is known.
DrawWeights = Callable[[tuple[int, ...]], np.ndarray]
# Output, weights and gradient; all of them channels first.
Run = tuple[np.ndarray, np.ndarray, np.ndarray]


def generator(name: str) -> np.random.Generator:
    return np.random.default_rng(list(name.encode()))


def fill(rng: np.random.Generator, how: str, shape: tuple[int, ...]) -> np.ndarray:
    """Values of three decimals; "distinct", "negative", "positive" and "counting" hold no equal ones."""
    count = prod(shape)
    match how:
        case "distinct":
            values = rng.choice(np.arange(-2_000, 2_001), count, replace=False)
        case "negative":
            values = rng.choice(np.arange(-2_000, -500), count, replace=False)
        case "positive":
            values = rng.choice(np.arange(200, 2_000), count, replace=False)
        case "ties":
            values = rng.integers(-2, 3, count) * 250
        case "halves":
            values = rng.choice([-1_000, -500, 500, 1_000], count)
        case "gaps":
            values = rng.choice(np.arange(200, 2_000), count, replace=False)
            values[: count // 2] = 0
        case "constant":
            values = np.full(count, -625)
        case "counting":
            values = np.arange(count) * 1_000
        case _:
            raise ValueError(how)
    return (values / 1_000).reshape(shape)


def weights_from(rng: np.random.Generator, kind: str) -> DrawWeights:
    def draw_weights(output_shape: tuple[int, ...]) -> np.ndarray:
        weights = rng.choice(np.arange(1, 400), prod(output_shape), replace=False) / 100
        return weights.reshape(output_shape).astype(kind)

    return draw_weights


def per_axis(value: int | list[int], rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def torch_layer(pool: dict, rank: int) -> torch.nn.Module:
    word = REDUCERS[pool["reduce"]][0]
    if "size" not in pool:
        sizes = pool.get("adaptive", 1)
        if isinstance(sizes, list):
            sizes = tuple(None if size == "same" else size for size in sizes)
            sizes = sizes[0] if rank == 1 else sizes
        return getattr(torch.nn, f"Adaptive{word}Pool{rank}d")(sizes)
    size, stride = pool["size"], pool.get("stride", pool["size"])
    padding = 0 if pool.get("padding", "valid") == "valid" else pool["padding"]
    own = {"ceil_mode": pool.get("ceil", False)}
    if pool["reduce"] == "avg":
        own["count_include_pad"] = pool.get("count_padding", False)
    else:
        own["dilation"] = pool.get("dilation", 1)
    return getattr(torch.nn, f"{word}Pool{rank}d")(size, stride, padding, **own)


def keras_layer(pool: dict, rank: int, dtype: str, data_format: str = "channels_last") -> keras.layers.Layer:
    word = REDUCERS[pool["reduce"]][1]
    own = {"data_format": data_format, "dtype": dtype}
    if "global" in pool:
        keep_dims = pool["global"] is not True
        return getattr(keras.layers, f"Global{word}Pooling{rank}D")(keepdims=keep_dims, **own)
    if "adaptive" in pool:
        return getattr(keras.layers, f"Adaptive{word}Pooling{rank}D")(per_axis(pool["adaptive"], rank), **own)
    size, stride = per_axis(pool["size"], rank), per_axis(pool.get("stride", pool["size"]), rank)
    return getattr(keras.layers, f"{word}Pooling{rank}D")(size, stride, pool.get("padding", "valid"), **own)


def dilated_tensorflow_pool(pool: dict, rank: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """TensorFlow dilates neither with a stride nor with padding."""
    assert pool["stride"] == 1 and "padding" not in pool
    word = REDUCERS[pool["reduce"]][0].upper()
    size, dilation = per_axis(pool["size"], rank), per_axis(pool["dilation"], rank)
    return lambda inputs: tf.nn.pool(inputs, size, word, padding="VALID", dilations=dilation)


def run_torch(layer: Callable[[torch.Tensor], torch.Tensor], values: np.ndarray, draw_weights: DrawWeights) -> Run:
    inputs = torch.tensor(values, requires_grad=True)
    output = layer(inputs)
    weights = draw_weights(tuple(output.shape))
    (output * torch.tensor(weights)).sum().backward()
    return output.detach().numpy(), weights, inputs.grad.numpy()


def run_tensorflow(layer: Callable[[tf.Tensor], tf.Tensor], values: np.ndarray, draw_weights: DrawWeights) -> Run:
    """For a layer of channels last."""
    inputs = tf.Variable(np.moveaxis(values, 1, -1))
    with tf.GradientTape() as tape:
        output = layer(inputs)
        channels_first = np.moveaxis(output.numpy(), -1, 1)
        weights = draw_weights(channels_first.shape)
        loss = tf.reduce_sum(output * np.moveaxis(weights, 1, -1))
    return channels_first, weights, np.moveaxis(tape.gradient(loss, inputs).numpy(), -1, 1)


def run_keras(layer: keras.layers.Layer, values: np.ndarray, draw_weights: DrawWeights, **call) -> Run:
    if layer.data_format == "channels_last":
        return run_tensorflow(lambda inputs: layer(inputs, **call), values, draw_weights)
    inputs = tf.Variable(values)
    with tf.GradientTape() as tape:
        output = layer(inputs, **call)
        weights = draw_weights(tuple(output.shape))
        loss = tf.reduce_sum(output * weights)
    return output.numpy(), weights, tape.gradient(loss, inputs).numpy()


def case(peer: str, layer: str, why: str, pool: dict, values: np.ndarray, run: Run) -> dict:
    """The case as it is stored."""
    output, weights, gradient = run
    assert output.dtype == gradient.dtype == values.dtype, (peer, layer, pool)
    assert gradient.shape == values.shape and np.isfinite(output).all() and np.isfinite(gradient).all(), (peer, pool)
    return {
        "peer": peer,
        "layer": layer,
        "why": why,
        "pool": pool,
        "dtype": next(short for short, long in DTYPES.items() if long == values.dtype.name),
        "shape": values.shape,
        "input": flat(values),
        "output_shape": output.shape,
        "output": flat(output),
        "weights": flat(weights),
        "gradient": flat(gradient),
    }


def flat(values: np.ndarray) -> list[int | float]:
    """The shortest decimals that give the same value back in the array's own type."""
    decimals = (float(np.format_float_scientific(value, unique=True)) for value in np.ravel(values))
    return [int(value) if value.is_integer() else value for value in decimals]


def write(file_name: str, packages: list[str], **lists: list[dict]) -> None:
    """One case a line, so that a changed value is a changed line and not a changed file."""
    made_with = {name: version(name) for name in packages}
    parts = [f'  "made_with": {json.dumps(made_with)}']
    for name, cases in lists.items():
        lines = ",\n".join("    " + json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases)
        parts.append(f'  "{name}": [\n{lines}\n  ]')
    GOLDEN.mkdir(parents=True, exist_ok=True)
    path = GOLDEN / file_name
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")
    counts = ", ".join(f"{len(cases)} {name}" for name, cases in lists.items())
    print(f"{file_name}: {counts}, {path.stat().st_size} bytes")
