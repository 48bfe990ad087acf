# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.11.0", "tensorflow-cpu==2.21.0", "keras==3.15.1", "numpy==2.4.6"]
# ///
"""Golden values of the schedules of the step size, from torch.optim.lr_scheduler, stepped once for each training step, and
from keras.optimizers.schedules.

    python scripts/golden/schedules.py

writes crates/pool-spec/tests/golden/schedules.json: for each case the settings as a sweep file spells them, and the step
size of every step.

Keras's warm-up begins at 0 and reaches the whole in the step after it; PyTorch's and ours begin at one part of it, and reach
the whole in its last step. So the values of Keras are those of its step `k + 1` while it warms up, and of `k` from then on.
"""

import json
import os
import warnings
from pathlib import Path

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import torch
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LinearLR,
    OneCycleLR,
    SequentialLR,
    StepLR,
)

OUTPUT = Path(__file__).resolve().parents[2] / "crates/pool-spec/tests/golden/schedules.json"
RATE = 0.05
warnings.filterwarnings("ignore", message="The epoch parameter")


def sizes(epochs, per_epoch, warmup_epochs, scheduler, rate):
    """The step size of every step."""
    steps, warmup = epochs * per_epoch, round(warmup_epochs * per_epoch)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
    if warmup == 0:
        schedule = scheduler(optimizer, steps)
    else:
        # Its first step has one of `warmup` parts, its last the whole.
        rise = LinearLR(optimizer, start_factor=1 / warmup, total_iters=max(warmup - 1, 1))
        schedule = SequentialLR(optimizer, [rise, scheduler(optimizer, steps - warmup)], [warmup])
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def case(schedule, epochs, per_epoch, warmup_epochs, expected):
    return {
        "schedule": json.loads(schedule),
        "epochs": epochs,
        "steps_per_epoch": per_epoch,
        "warmup_epochs": warmup_epochs,
        "learning_rate": RATE,
        "expected": expected,
    }


def of_torch(schedule, epochs, per_epoch, warmup_epochs, scheduler):
    expected = sizes(epochs, per_epoch, warmup_epochs, scheduler, RATE)
    return case(schedule, epochs, per_epoch, warmup_epochs, expected)


def of_keras(schedule, epochs, per_epoch, warmup_epochs, peer):
    steps, warmup = epochs * per_epoch, round(warmup_epochs * per_epoch)
    expected = [float(peer(step + 1 if step < warmup else step)) for step in range(steps)]
    return case(schedule, epochs, per_epoch, warmup_epochs, expected)


def constant(optimizer, steps):
    return ConstantLR(optimizer, factor=1.0, total_iters=steps)


def cosine(optimizer, steps):
    return CosineAnnealingLR(optimizer, T_max=steps)


def linear(optimizer, steps):
    return LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=steps)


def one_cycle(optimizer, steps):
    return OneCycleLR(optimizer, max_lr=optimizer.param_groups[0]["lr"], total_steps=steps)


def step(every, factor, per_epoch):
    return lambda optimizer, _: StepLR(optimizer, step_size=every * per_epoch, gamma=factor)


def main():
    keras_schedules = keras.optimizers.schedules
    keras.config.set_floatx("float64")
    warmed_up = keras_schedules.CosineDecay(0.0, 18, warmup_target=RATE, warmup_steps=6)
    halved = keras_schedules.ExponentialDecay(RATE, 6, 0.5, staircase=True)
    cases = [
        of_torch('"constant"', 2, 5, 0.0, constant),
        of_torch('"constant"', 3, 4, 1.5, constant),
        of_torch('"cosine"', 3, 7, 0.0, cosine),
        of_torch('"cosine"', 4, 6, 1.0, cosine),
        of_torch('"cosine"', 1, 1, 0.0, cosine),
        of_torch('"linear"', 3, 5, 0.0, linear),
        of_torch('"linear"', 4, 5, 0.6, linear),
        of_torch('"one_cycle"', 4, 10, 0.0, one_cycle),
        of_torch('"one_cycle"', 1, 7, 0.0, one_cycle),
        of_torch('{"step": {"every": 2, "factor": 0.5}}', 7, 3, 0.0, step(2, 0.5, 3)),
        of_torch('{"step": {"every": 3}}', 7, 2, 0.0, step(3, 0.1, 2)),
        of_keras('"cosine"', 3, 7, 0.0, keras_schedules.CosineDecay(RATE, 21)),
        of_keras('"cosine"', 4, 6, 1.0, warmed_up),
        of_keras('"linear"', 3, 5, 0.0, keras_schedules.PolynomialDecay(RATE, 15, end_learning_rate=0.0)),
        of_keras('{"step": {"every": 2, "factor": 0.5}}', 7, 3, 0.0, halved),
    ]
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in cases) + "\n]\n")


if __name__ == "__main__":
    main()
