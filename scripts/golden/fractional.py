# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.11.0", "tensorflow-cpu==2.21.0", "keras==3.15.1", "numpy==2.4.6"]
# ///
"""Write the golden values of fractional pooling: tests/golden/fractional.json.

    python scripts/golden/fractional.py

The two peers draw their regions differently, and neither draw can be asked of the other:

- PyTorch reads one sample `u` in [0, 1) for each axis; output `i` of `o` sees `k` entries from
  `floor((i + u) a) - floor(u a)` with `a = (n - k) / (o - 1)`, and the last output the last `k`. In two dimensions it
  reads the sample of the last axis first, in three that of the first axis; "samples" are in the order of the axes.
- TensorFlow draws boundaries; output `i` sees the entries from boundary `i` to boundary `i + 1`, which belongs to it
  if regions overlap, except past the input. "row_boundaries" and "col_boundaries" are what it returned.

All in f64, for one plane. Where the peers do so, `check_peers` holds that they still do.
"""

import json
from math import floor

import numpy as np
import torch
import torch.nn.functional as F

from cases import fill, flat, generator, run_tensorflow, run_torch, tf, weights_from, write

# Input, window, output, samples, how the input is filled, why.
PYTORCH = [
    ((10, 10), (2, 2), (6, 6), (0.0, 0.5), "distinct", "the samples differ between the axes"),
    ((10, 10), (2, 2), (6, 6), (0.5, 0.0), "distinct", "the same samples, swapped"),
    ((9, 7), (2, 3), (5, 3), (0.3, 0.7), "negative", "window and output are not square"),
    ((8, 11), (3, 2), (4, 7), (0.99, 0.01), "ties", "the first of equal values"),
    ((7, 8), (2, 2), (4, 4), (0.25, 0.999), "distinct", "samples near the ends"),
    ((6, 9), (1, 2), (4, 8), (0.6, 0.4), "negative", "the output is as large as the window allows"),
    ((7, 7), (3, 3), (1, 2), (0.5, 0.5), "distinct", "one output sees the last entries"),
    ((5, 8), (5, 3), (1, 4), (0.2, 0.8), "ties", "one window sees the whole axis"),
    ((6, 7, 8), (2, 2, 2), (4, 4, 5), (0.1, 0.5, 0.9), "distinct", "three axes"),
    ((8, 6, 7), (2, 3, 2), (5, 2, 4), (0.5, 0.0, 0.75), "negative", "window and output are not cubic"),
    ((10, 5, 5), (2, 2, 1), (6, 3, 3), (0.0, 0.5, 0.25), "ties", "the first of equal values"),
    ((4, 10, 6), (2, 2, 3), (1, 6, 3), (0.9, 0.5, 0.3), "distinct", "one output along the first axis"),
]
# Input, ratio, pseudo_random, overlapping, seed, how the input is filled, why.
TENSORFLOW = [
    ((9, 7), (1.5, 1.44), False, False, 5, "distinct", "random regions"),
    ((9, 7), (1.5, 1.44), False, True, 5, "negative", "random regions that overlap"),
    ((9, 7), (1.5, 1.44), True, False, 5, "negative", "pseudorandom regions"),
    ((9, 7), (1.5, 1.44), True, True, 5, "distinct", "pseudorandom regions that overlap"),
    ((8, 10), (1.7, 1.2), True, False, 11, "distinct", "axes of different ratios"),
    ((8, 10), (1.7, 1.2), False, True, 12, "ties", "equal values"),
    ((6, 6), (1.0, 1.5), True, True, 13, "negative", "one axis is not pooled, yet overlaps"),
    ((10, 9), (3.3, 2.5), True, False, 14, "distinct", "ratios above two"),
]


def check_peers() -> None:
    plane = torch.arange(100.0, dtype=torch.float64).reshape(1, 1, 10, 10)
    samples = torch.tensor([[[0.0, 0.5]]], dtype=torch.float64)
    output = F.fractional_max_pool2d(plane, 2, 6, _random_samples=samples)
    # Of ascending values, the last of each window.
    rows, columns = starts(10, 2, 6, 0.5), starts(10, 2, 6, 0.0)
    assert output[0, 0].tolist() == [[10 * (row + 1) + column + 1 for column in columns] for row in rows]


def starts(extent: int, size: int, output: int, sample: float) -> list[int]:
    """Where PyTorch's windows start along one axis."""
    step = (extent - size) / max(output - 1, 1)
    return [floor((i + sample) * step) - floor(sample * step) for i in range(output - 1)] + [extent - size]


def torch_case(
    spatial: tuple[int, ...],
    size: tuple[int, ...],
    output: tuple[int, ...],
    samples: tuple[float, ...],
    how: str,
    why: str,
) -> dict:
    rank = len(spatial)
    rng = generator(json.dumps(["PyTorch", spatial, size, output, samples, how]))
    shape = (1, 1, *spatial)
    values = fill(rng, how, shape)
    in_its_order = samples[::-1] if rank == 2 else samples
    drawn = torch.tensor([[in_its_order]], dtype=torch.float64)
    function = getattr(F, f"fractional_max_pool{rank}d")
    pooled, weights, gradient = run_torch(
        lambda inputs: function(inputs, size, output, _random_samples=drawn), values, weights_from(rng, "float64")
    )
    places = [starts(*axis) for axis in zip(spatial, size, output, samples, strict=True)]
    for at in np.ndindex(*output):
        window = tuple(slice(a[i], a[i] + k) for a, i, k in zip(places, at, size, strict=True))
        assert values[0, 0][window].max() == pooled[0, 0][at], (spatial, size, output)
    return {
        "layer": f"fractional_max_pool{rank}d",
        "why": why,
        "shape": shape,
        "size": size,
        "output": output,
        "samples": samples,
        "input": flat(values),
        "output_values": flat(pooled),
        "weights": flat(weights),
        "gradient": flat(gradient),
    }


def tensorflow_case(
    reducer: str,
    spatial: tuple[int, int],
    ratio: tuple[float, float],
    pseudo_random: bool,
    overlapping: bool,
    seed: int,
    how: str,
    why: str,
) -> dict:
    rng = generator(json.dumps(["TensorFlow", reducer, spatial, ratio, pseudo_random, overlapping, seed, how]))
    shape = (1, 1, *spatial)
    values = fill(rng, how, shape)
    function = {"max": tf.nn.fractional_max_pool, "avg": tf.nn.fractional_avg_pool}[reducer]
    boundaries = []

    def layer(inputs: tf.Tensor) -> tf.Tensor:
        pooled, rows, columns = function(inputs, [1, *ratio, 1], pseudo_random, overlapping, seed)
        boundaries.extend([rows.numpy().tolist(), columns.numpy().tolist()])
        return pooled

    pooled, weights, gradient = run_tensorflow(layer, values, weights_from(rng, "float64"))
    rows, columns = boundaries
    for row, column in np.ndindex(*pooled.shape[2:]):
        # A slice past the input ends with it.
        region = values[
            0, 0, rows[row] : rows[row + 1] + overlapping, columns[column] : columns[column + 1] + overlapping
        ]
        expected = region.max() if reducer == "max" else region.mean()
        assert np.isclose(pooled[0, 0, row, column], expected), (spatial, ratio)
    return {
        "layer": f"tf.nn.fractional_{reducer}_pool",
        "why": why,
        "reduce": reducer,
        "pseudo_random": pseudo_random,
        "overlapping": overlapping,
        "ratio": ratio,
        "row_boundaries": rows,
        "col_boundaries": columns,
        "shape": shape,
        "input": flat(values),
        "output_shape": pooled.shape,
        "output_values": flat(pooled),
        "weights": flat(weights),
        "gradient": flat(gradient),
    }


def main() -> None:
    check_peers()
    pytorch = [torch_case(*row) for row in PYTORCH]
    tensorflow = [tensorflow_case(reducer, *row) for row in TENSORFLOW for reducer in ("max", "avg")]
    write("fractional.json", ["torch", "tensorflow-cpu", "numpy"], pytorch=pytorch, tensorflow=tensorflow)


if __name__ == "__main__":
    main()
