# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.11.0", "numpy==2.4.6"]
# ///
"""Golden values of the schedules of the step size, from torch.optim.lr_scheduler, stepped once for each training step.

    python scripts/golden/schedules.py

writes crates/pool-spec/tests/golden/schedules.json: for each case the settings as a sweep file spells them, and the step
size of every step.
"""

import json
import warnings
from pathlib import Path

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


def rates(steps, scheduler):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
    schedule = scheduler(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def case(schedule, epochs, per_epoch, warmup_epochs, scheduler):
    steps, warmup = epochs * per_epoch, round(warmup_epochs * per_epoch)

    def with_warmup(optimizer):
        if warmup == 0:
            return scheduler(optimizer, steps)
        # Its first step has one of `warmup` parts, its last the whole.
        rise = LinearLR(optimizer, start_factor=1 / warmup, total_iters=max(warmup - 1, 1))
        return SequentialLR(optimizer, [rise, scheduler(optimizer, steps - warmup)], [warmup])

    return {
        "schedule": schedule,
        "epochs": epochs,
        "steps_per_epoch": per_epoch,
        "warmup_epochs": warmup_epochs,
        "learning_rate": RATE,
        "expected": rates(steps, with_warmup),
    }


def constant(optimizer, steps):
    return ConstantLR(optimizer, factor=1.0, total_iters=steps)


def cosine(optimizer, steps):
    return CosineAnnealingLR(optimizer, T_max=steps)


def linear(optimizer, steps):
    return LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=steps)


def one_cycle(optimizer, steps):
    return OneCycleLR(optimizer, max_lr=RATE, total_steps=steps)


def step(every, factor, per_epoch):
    return lambda optimizer, _: StepLR(optimizer, step_size=every * per_epoch, gamma=factor)


warnings.filterwarnings("ignore", message="The epoch parameter")
cases = [
    case('"constant"', 2, 5, 0.0, constant),
    case('"constant"', 3, 4, 1.5, constant),
    case('"cosine"', 3, 7, 0.0, cosine),
    case('"cosine"', 4, 6, 1.0, cosine),
    case('"cosine"', 1, 1, 0.0, cosine),
    case('"linear"', 3, 5, 0.0, linear),
    case('"linear"', 4, 5, 0.6, linear),
    case('"one_cycle"', 4, 10, 0.0, one_cycle),
    case('"one_cycle"', 1, 7, 0.0, one_cycle),
    case('{"step": {"every": 2, "factor": 0.5}}', 7, 3, 0.0, step(2, 0.5, 3)),
    case('{"step": {"every": 3}}', 7, 2, 0.0, step(3, 0.1, 2)),
]
for entry in cases:
    entry["schedule"] = json.loads(entry["schedule"])
OUTPUT.parent.mkdir(exist_ok=True)
OUTPUT.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in cases) + "\n]\n")
