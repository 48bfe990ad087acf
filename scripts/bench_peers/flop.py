"""Floating-point operations of training, counted from the multiply-adds that pool-cli's record has for each layer.

Counted are the convolutions and the dense layers: forward, gradients of the weights, and gradients of the input except
at the first layer, before which nothing learns. Normalisation, activations, pooling, dropout and Adam count as nothing:
they compute little, whatever time they take.
"""


def of_an_image(layers: list[dict]) -> int:
    counted = [layer["multiply_adds"] for layer in layers if layer["name"].startswith(("conv2d", "dense"))]
    return 2 * (3 * sum(counted) - counted[0])
