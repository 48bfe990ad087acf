"""The layers of a Work in Flax, which starts dense layers and convolutions as Keras does if told so."""

from functools import partial

import jax
from flax import nnx

from work import Work


class Residual(nnx.Module):
    def __init__(self, block: nnx.Sequential, shortcut: nnx.Sequential) -> None:
        self.block, self.shortcut = block, shortcut

    def __call__(self, values: jax.Array) -> jax.Array:
        return self.block(values) + self.shortcut(values)


def network(work: Work) -> nnx.Sequential:
    return sequential(work.layers, work, nnx.Rngs(work.seed))


def sequential(layers: list[dict], work: Work, rngs: nnx.Rngs) -> nnx.Sequential:
    return nnx.Sequential(*(built(layer, work, rngs) for layer in layers))


def built(layer: dict, work: Work, rngs: nnx.Rngs):
    glorot = nnx.initializers.glorot_uniform()
    match layer:
        case {"kind": "conv", "channels": channels, "filters": filters, "kernel": kernel, "bias": bias, **settings}:
            return nnx.Conv(
                channels,
                filters,
                kernel_size=(kernel, kernel),
                strides=settings["stride"],
                padding="SAME" if settings["padding"] else "VALID",
                use_bias=bias,
                kernel_init=glorot,
                rngs=rngs,
            )
        case {"kind": "batch_norm", "channels": channels}:
            momentum, epsilon = work.batch_norm_momentum, work.batch_norm_epsilon
            return nnx.BatchNorm(channels, momentum=momentum, epsilon=epsilon, rngs=rngs)
        case {"kind": "relu"}:
            return nnx.relu
        case {"kind": "max_pool"}:
            return partial(nnx.max_pool, window_shape=(2, 2), strides=(2, 2))
        case {"kind": "average_pool"}:
            return partial(nnx.avg_pool, window_shape=(2, 2), strides=(2, 2))
        case {"kind": "global_average"}:
            return lambda values: values.mean(axis=(1, 2))
        case {"kind": "dropout", "share": share}:
            return nnx.Dropout(share, rngs=rngs)
        case {"kind": "flatten"}:
            return lambda values: values.reshape(len(values), -1)
        case {"kind": "dense", "inputs": inputs, "units": units}:
            return nnx.Linear(inputs, units, kernel_init=glorot, rngs=rngs)
        case {"kind": "residual", "layers": layers, "shortcut": shortcut}:
            return Residual(sequential(layers, work, rngs), sequential(shortcut, work, rngs))
    raise ValueError(f"unknown layer {layer}")
