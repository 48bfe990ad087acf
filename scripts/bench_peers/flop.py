"""Floating-point operations of training, counted from the network's multiply-adds.

Counted are the convolution and the dense layers: forward, gradients of the weights, and gradients of the input where
something before the layer learns, which is not so for the convolution. Activations, pooling, dropout and Adam count as
nothing: they compute little, whatever time they take.
"""

SIDE_AFTER_CONVOLUTION = 28 - 5 + 1
CONVOLUTION = 5 * 5 * 32 * SIDE_AFTER_CONVOLUTION**2
SIDE_AFTER_POOLING = {"average": 12, "maximum": 12, "none": 24}
LAST_DENSE = 128 * 10


def of_an_epoch(arm: str, images: int) -> int:
    first_dense = 32 * SIDE_AFTER_POOLING[arm] ** 2 * 128
    multiply_adds = 2 * CONVOLUTION + 3 * (first_dense + LAST_DENSE)
    return 2 * multiply_adds * images
