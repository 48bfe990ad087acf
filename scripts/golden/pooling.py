# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.11.0", "tensorflow-cpu==2.21.0", "keras==3.15.1", "numpy==2.4.6"]
# ///
"""Write the golden values that crates/pool-models/tests/it/pooling_golden.rs holds the pooling layers against.

Run it after `pip install` of the dependencies above, or with a runner that reads them from this header:

    python scripts/golden/pooling.py

Everything is computed on the CPU. torch's wheel cannot be imported without the CUDA libraries that it depends on,
so they are installed (3 GB) although nothing here uses them.

The output is the same on every run; a changed line in it means that a library or a case below changed.

The peers differ in one thing: where the gradient of a maximum goes when several inputs share it. PyTorch, and
TensorFlow in one and two dimensions, send it to the first of them, and so do the pooling layers. TensorFlow's
`MaxPool3D` sends all of it to each of them, Keras's global maximum splits it evenly, and Keras's adaptive maximum,
which goes axis by axis, finds the first along the last axis; `check_ties` holds that this is still so. Cases of these
layers therefore have no ties.

TensorFlow's gradient of a maximum whose window is larger than the input is memory that nobody wrote. Keras's adaptive
maximum runs such windows when an axis has one entry or one output; no case does. TensorFlow's gradient of an average
with padding "same" is wrong for some windows larger than the input (`check_wide_averages`): the first output of five
entries under a window of six is the mean of four of them, yet gives a fifth to each of five.

On the CPU, TensorFlow's windows over three axes exist in float32 only.
"""

import json
from itertools import product

import numpy as np

from cases import (
    DTYPES,
    REDUCERS,
    case,
    dilated_tensorflow_pool,
    fill,
    generator,
    keras_layer,
    run_keras,
    run_tensorflow,
    run_torch,
    torch_layer,
    weights_from,
    write,
)
from pooling_tables import (
    ADAPTIVE,
    ADAPTIVE_SAME,
    BOTH_PEERS,
    CEIL,
    CHANNELS_FIRST,
    COUNTED_PADDING,
    DILATION,
    GLOBAL,
    KERAS_ADAPTIVE,
    KERAS_OWN_GLOBAL_VALUES,
    KERAS_OWN_SHAPES,
    KERAS_OWN_VALUES,
    SAME_PADDING,
    SYMMETRIC_PADDING,
    TENSORFLOW_DILATION,
    WIDE_PADDING,
)


class Cases:
    def __init__(self) -> None:
        self.cases = []

    def add(self, peer: str, shape: tuple[int, ...], pool: dict, how: str, why: str, layout: str = "") -> None:
        """`layout` is Keras's data_format where it is not the one that the other cases have."""
        name = json.dumps([peer, shape, pool, how, layout] if layout else [peer, shape, pool, how])
        rng = generator(name)
        rank = len(shape) - 2
        # For one shape the two reducers, and the two peers, are run in different types.
        swap = sum(shape) + (pool["reduce"] == "avg") + (peer == "Keras")
        dtype = list(DTYPES)[swap % 2]
        if peer != "PyTorch" and rank == 3 and "global" not in pool:
            dtype = "f32"
        kind = DTYPES[dtype]
        values = fill(rng, how, shape)
        if how == "counting" and layout == "channels_last":
            values = np.moveaxis(values.reshape(channels_last(shape)), -1, 1)
        if how == "counting" and "adaptive" in pool:  # Keras's tests of these count from one
            values = values + 1
        values = values.astype(kind)
        draw_weights = weights_from(rng, kind)
        if peer == "PyTorch":
            layer = torch_layer(pool, rank)
            run = run_torch(layer, values, draw_weights)
        elif peer == "Keras":
            layer = keras_layer(pool, rank, kind, layout or "channels_last")
            run = run_keras(layer, values, draw_weights)
        else:
            layer = dilated_tensorflow_pool(pool, rank)
            run = run_tensorflow(layer, values, draw_weights)
        layer_name = "tf.nn.pool" if peer == "TensorFlow" else type(layer).__name__
        self.cases.append(case(peer, layer_name, why, pool, values, run))


def channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], *shape[2:], shape[1])


def add_keras_own(cases: Cases, reducer: str, own_shape: tuple[int, ...], pool: dict, layout: str, how: str) -> None:
    shape = own_shape if layout == "channels_first" else (own_shape[0], own_shape[-1], *own_shape[1:-1])
    kind = next(kind for kind in ("size", "adaptive", "global") if kind in pool).replace("size", "window")
    what = "values" if how == "counting" else "shapes"
    cases.add("Keras", shape, {"reduce": reducer} | pool, how, f"Keras's own test: {kind}, {what}, {layout}", layout)


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
    # Two outputs along each axis, of four entries: see the top of this file on one output.
    crossed = np.tile(np.array([[0, 1], [1, 0]], "float32"), (2, 2))[None, None]
    halves = {"reduce": "max", "adaptive": 2}
    for run, layer, expected in [
        (run_torch, torch_layer(halves, 2), [0, 1, 0, 0]),
        (run_keras, keras_layer(halves, 2, "float32"), [0, 0, 1, 0]),
    ]:
        _, _, gradient = run(layer, crossed, lambda shape: np.ones(shape, "float32"))
        assert gradient[0, 0, :2, :2].ravel().tolist() == expected, (type(layer).__name__, gradient)


def check_padding() -> None:
    """PyTorch's greatest padding is half of the window, whatever its dilation; a window may see padding alone."""
    for rank, (size, dilation) in product((1, 2, 3), ((2, 1), (3, 1), (3, 3), (4, 2), (5, 2))):
        inputs = np.ones((1, 1) + (20,) * rank, "float32")
        for padding in (size // 2, size // 2 + 1):
            layer = torch_layer({"reduce": "max", "size": size, "padding": padding, "dilation": dilation}, rank)
            try:
                run_torch(layer, inputs, lambda shape: np.ones(shape, "float32"))
                accepted = True
            except RuntimeError:
                accepted = False
            assert accepted == (padding <= size // 2), (rank, size, dilation, padding)
    layer = torch_layer({"reduce": "max", "size": 2, "stride": 1, "padding": 1, "dilation": 2}, 2)
    output, _, _ = run_torch(layer, np.ones((1, 1, 1, 1), "float32"), lambda shape: np.ones(shape, "float32"))
    assert output.ravel().tolist() == [-np.inf], output


def check_wide_averages() -> None:
    """TensorFlow's wrong gradient: see the top of this file."""
    layer = keras_layer({"reduce": "avg", "size": 6, "stride": 1, "padding": "same"}, 1, "float64")
    only_first = np.array([1.0, 0, 0, 0, 0]).reshape(1, 1, 5)
    output, _, gradient = run_keras(layer, np.array([[[1.0, 1, 1, 1, -4]]]), lambda _: only_first)
    assert output[0, 0, 0] == 1 and np.allclose(gradient, 0.2), (output, gradient)


def main() -> None:
    check_ties()
    check_padding()
    check_wide_averages()
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

    for shape, pool, how, why in DILATION:
        cases.add("PyTorch", shape, {"reduce": "max"} | pool, how, why)
    for (shape, pool, how, why), reducer in product(CEIL, REDUCERS):
        cases.add("PyTorch", shape, {"reduce": reducer} | pool | {"ceil": True}, how, why)
    for shape, pool, how, why in COUNTED_PADDING:
        cases.add("PyTorch", shape, {"reduce": "avg"} | pool | {"count_padding": True}, how, why)
    for (shape, pool, how, why), reducer in product(WIDE_PADDING + ADAPTIVE_SAME, REDUCERS):
        cases.add("PyTorch", shape, {"reduce": reducer} | pool, how, why)
    for (shape, pool, how, why), reducer in product(CHANNELS_FIRST, REDUCERS):
        cases.add("Keras", shape, {"reduce": reducer} | pool, how, f"{why}, channels_first", "channels_first")
    for (shape, pool, how, why), (reducer, layout) in product(
        KERAS_ADAPTIVE, zip(REDUCERS, ("channels_last", "channels_first"), strict=True)
    ):
        cases.add("Keras", shape, {"reduce": reducer} | pool, how, f"{why}, {layout}", layout)
    for table, how in ((KERAS_OWN_SHAPES, "distinct"), (KERAS_OWN_VALUES, "counting")):
        for reducers, own_shape, pool, layout in table:
            for reducer in reducers.split():
                add_keras_own(cases, reducer, own_shape, pool, layout, how)
    for own_shape, layout, spelling, reducer in product(
        KERAS_OWN_GLOBAL_VALUES, ("channels_last", "channels_first"), (True, {"keep_dims": True}), REDUCERS
    ):
        add_keras_own(cases, reducer, own_shape, {"global": spelling}, layout, "counting")
    for (shape, pool, how, why), reducer in product(TENSORFLOW_DILATION, REDUCERS):
        cases.add("TensorFlow", shape, {"reduce": reducer} | pool, how, why)

    write("pooling.json", ["torch", "keras", "tensorflow-cpu", "numpy"], cases=cases.cases)


if __name__ == "__main__":
    main()
