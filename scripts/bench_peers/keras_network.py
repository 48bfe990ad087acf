"""The layers of a Work in Keras."""

import keras

from work import Work


def network(work: Work) -> keras.Model:
    images = keras.Input((28, 28, 1))
    return keras.Model(images, apply(work.layers, images, work))


def apply(layers: list[dict], values: keras.KerasTensor, work: Work) -> keras.KerasTensor:
    for layer in layers:
        values = apply_one(layer, values, work)
    return values


def apply_one(layer: dict, values: keras.KerasTensor, work: Work) -> keras.KerasTensor:
    match layer:
        case {"kind": "residual", "layers": layers, "shortcut": shortcut}:
            return keras.layers.add([apply(layers, values, work), apply(shortcut, values, work)])
        case _:
            return simple(layer, work)(values)


def simple(layer: dict, work: Work) -> keras.Layer:
    match layer:
        case {"kind": "conv", "filters": filters, "kernel": kernel, "padding": padding, "stride": stride, "bias": bias}:
            padding = "same" if padding else "valid"
            return keras.layers.Conv2D(filters, kernel, strides=stride, padding=padding, use_bias=bias)
        case {"kind": "batch_norm"}:
            return keras.layers.BatchNormalization(momentum=work.batch_norm_momentum, epsilon=work.batch_norm_epsilon)
        case {"kind": "relu"}:
            return keras.layers.ReLU()
        case {"kind": "max_pool"}:
            return keras.layers.MaxPooling2D(2)
        case {"kind": "average_pool"}:
            return keras.layers.AveragePooling2D(2)
        case {"kind": "global_average"}:
            return keras.layers.GlobalAveragePooling2D()
        case {"kind": "dropout", "share": share}:
            return keras.layers.Dropout(share)
        case {"kind": "flatten"}:
            return keras.layers.Flatten()
        case {"kind": "dense", "units": units}:
            return keras.layers.Dense(units)
    raise ValueError(f"unknown layer {layer}")
