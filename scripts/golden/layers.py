# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.11.0", "tensorflow-cpu==2.21.0", "keras==3.15.1", "numpy==2.4.6"]
# ///
"""Golden values of the layers around pooling, from Keras (convolution, dense) and PyTorch (activations, normalisation).

    python scripts/golden/layers.py

writes crates/pool-models/tests/golden/layers.json: for each case the network as pool-models spells it, its weights in
pool-models' layout (`[out, in, kernel...]`), an input `[N, C, spatial...]` and the output that the peer computed.
"""

import json
import os
from pathlib import Path

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
# oneDNN picks its kernels, and with them the order of a sum, by the processor.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
import torch

OUTPUT = Path(__file__).resolve().parents[2] / "crates/pool-models/tests/golden/layers.json"
random = np.random.default_rng(20)


def draw(*shape):
    return random.normal(size=shape).round(3).astype(np.float32)


def pack(array):
    array = np.asarray(array, dtype=np.float32)
    return {"shape": list(array.shape), "values": [float(str(value)) for value in array.ravel()]}


def case(name, layers, weights, inputs, output, mode="inference", after=None):
    packed = {key: pack(value) for key, value in weights.items()}
    after = {key: pack(value) for key, value in (after or {}).items()}
    model = {"input": list(inputs.shape[1:]), "layers": layers, "seed": 0}
    return {
        "name": name,
        "model": model,
        "weights": packed,
        "mode": mode,
        "input": pack(inputs),
        "output": pack(output),
        "after": after,
    }


def channels_last(array):
    return np.moveaxis(array, 1, -1)


def channels_first(array):
    return np.moveaxis(np.asarray(array), -1, 1)


def convolution(spatial, kernel, stride, padding):
    rank = len(spatial)
    inputs, weight, bias = draw(2, 3, *spatial), draw(4, 3, *kernel), draw(4)
    layer = [keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D][rank - 1](
        4, tuple(kernel), strides=stride, padding=padding
    )
    layer.build((None, *spatial, 3))
    # [out, in, kernel...] -> Keras's [kernel..., in, out]
    layer.set_weights([np.moveaxis(weight, (0, 1), (-1, -2)), bias])
    output = channels_first(layer(channels_last(inputs)))
    spec = {f"conv{rank}d": {"filters": 4, "kernel": kernel, "stride": stride, "padding": padding}}
    weights = {f"conv{rank}d.weight": weight, f"conv{rank}d.bias": bias}
    return case(f"Keras Conv{rank}D {kernel} stride {stride} {padding}", [spec], weights, inputs, output)


def grouped_convolution(groups, dilation, use_bias):
    """PyTorch's, as Keras's CPU kernels train neither groups nor holes."""
    inputs, weight, bias = draw(2, 4, 9, 8), draw(8, 4 // groups, 3, 2), draw(8)
    output = torch.nn.functional.conv2d(
        torch.from_numpy(inputs),
        torch.from_numpy(weight),
        torch.from_numpy(bias) if use_bias else None,
        padding=1,
        dilation=dilation,
        groups=groups,
    )
    spec = {"filters": 8, "kernel": [3, 2], "padding": 1, "groups": groups, "dilation": dilation, "bias": use_bias}
    weights = {"conv2d.weight": weight} | ({"conv2d.bias": bias} if use_bias else {})
    name = f"PyTorch Conv2d groups {groups} dilation {dilation} bias {use_bias}"
    return case(name, [{"conv2d": spec}], weights, inputs, output)


def dense_without_bias():
    inputs, weight = draw(3, 2, 4), draw(5, 8)
    output = torch.nn.functional.linear(torch.from_numpy(inputs.reshape(3, 8)), torch.from_numpy(weight))
    layers = ["flatten", {"dense": {"units": 5, "bias": False}}]
    return case("PyTorch Linear without bias", layers, {"dense.weight": weight}, inputs, output)


def space_to_depth():
    inputs = draw(2, 3, 6, 4)
    output = torch.nn.functional.pixel_unshuffle(torch.from_numpy(inputs), 2)
    return case("PyTorch PixelUnshuffle", [{"space_to_depth": 2}], {}, inputs, output)


def dense():
    inputs, weight, bias = draw(3, 2, 4), draw(5, 8), draw(5)
    layer = keras.layers.Dense(5, activation="relu")
    layer.build((None, 8))
    layer.set_weights([weight.T, bias])
    output = layer(inputs.reshape(3, 8))
    layers = ["flatten", {"dense": {"units": 5, "activation": "relu"}}]
    return case("Keras Dense relu", layers, {"dense.weight": weight, "dense.bias": bias}, inputs, output)


def activation(name):
    inputs = np.concatenate([draw(2, 1, 6), np.float32([[[-30, -1, 0, 1, 30, 100]]])])
    function = {
        "relu": torch.relu,
        "tanh": torch.tanh,
        "elu": torch.nn.functional.elu,
        "sigmoid": torch.sigmoid,
        "softplus": torch.nn.functional.softplus,
        "leaky_relu": torch.nn.functional.leaky_relu,
        "gelu": torch.nn.functional.gelu,
        "silu": torch.nn.functional.silu,
        "hard_swish": torch.nn.functional.hardswish,
    }[name]
    return case(f"PyTorch {name}", [{"activation": name}], {}, inputs, function(torch.from_numpy(inputs)))


def normalisation(mode, scale=True):
    inputs, weight, bias = draw(4, 3, 2, 2), draw(3), draw(3)
    mean, variance = draw(3), np.abs(draw(3)) + np.float32(0.5)
    layer = torch.nn.BatchNorm2d(3, eps=1e-3, momentum=0.25)
    with torch.no_grad():
        for target, value in [
            (layer.weight, weight if scale else np.ones(3, np.float32)),
            (layer.bias, bias),
            (layer.running_mean, mean),
            (layer.running_var, variance),
        ]:
            target.copy_(torch.from_numpy(value))
        layer.train(mode == "training")
        output = layer(torch.from_numpy(inputs))
    name = "batch_normalization"
    weights = {f"{name}.weight": weight} if scale else {}
    weights |= {f"{name}.bias": bias, f"{name}.running_mean": mean, f"{name}.running_var": variance}
    after = {f"{name}.running_mean": layer.running_mean, f"{name}.running_var": layer.running_var}
    settings = {"momentum": 0.75, "epsilon": 1e-3} | ({} if scale else {"scale": False})
    layers = [{"batch_norm": settings}]
    return case(f"PyTorch BatchNorm2d {mode}{'' if scale else ' without scale'}", layers, weights, inputs, output, mode, after)


def main():
    cases = [
        convolution(spatial, kernel, stride, padding)
        for spatial, kernel in [
            ([7], [3]),
            ([8], [2]),
            ([6, 7], [3, 2]),
            ([5, 5], [5, 4]),
            ([4, 5, 3], [2, 3, 1]),
        ]
        for stride in [1, 2]
        for padding in ["valid", "same"]
    ]
    cases += [dense()]
    cases += [activation(name) for name in ["relu", "tanh", "elu", "sigmoid", "softplus"]]
    cases += [normalisation(mode) for mode in ["training", "inference"]]
    # Behind those that were there before, so that these keep their numbers.
    cases += [activation(name) for name in ["leaky_relu", "gelu", "silu", "hard_swish"]]
    cases += [grouped_convolution(*settings) for settings in [(1, 2, True), (2, 1, False), (4, 2, False)]]
    cases += [normalisation("training", scale=False), dense_without_bias(), space_to_depth()]
    lines = ",\n".join(json.dumps(case) for case in cases)
    OUTPUT.write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases in {OUTPUT.name}, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
