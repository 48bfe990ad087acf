# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.11.0", "tensorflow-cpu==2.21.0", "keras==3.15.1", "numpy==2.4.6"]
# ///
"""Golden values of the optimizers, from PyTorch and Keras: 20 steps down a function whose gradients are small, large and
nothing, with every schedule of the step size.

    python scripts/golden/optimizers.py

writes crates/pool-models/tests/golden/optimizers.json: for each case the settings as a sweep file spells them, and the
variables after some of the steps. The loss of step `k` is `scale[k] * sum(v^2 - v)` over the entries `v` of both variables;
the weight decays, and the bias does not.

Where Keras has another definition, its values are left out:
- its momentum holds the step size (`m = momentum * m - rate * gradient`), so that it is PyTorch's while the step size stays
  the same, and another with a schedule;
- its `weight_decay` is decoupled in all optimizers: "sgdw" and "adamw" here;
- its Adam adds epsilon before the second moment is corrected, and PyTorch's after it: an epsilon next to nothing here.
Keras holds settings in f32; those of its cases are sums of few powers of 2, which are the same there.
"""

import json
import os
from pathlib import Path

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import schedules
import torch

OUTPUT = Path(__file__).resolve().parents[2] / "crates/pool-models/tests/golden/optimizers.json"
EPOCHS, STEPS_PER_EPOCH = 4, 5
STEPS = EPOCHS * STEPS_PER_EPOCH
STORED = [1, 2, 7, 13, 20]
START = {"weight": [[1.0, -2.0, 3.0]], "bias": [0.75, -0.25]}
SCALES = [[1.0, 40.0, 0.01, 0.0, 3.0][step % 5] for step in range(STEPS)]

SCHEDULES = [
    ("constant", 0.0, schedules.constant),
    ("cosine", 1.0, schedules.cosine),
    ("linear", 0.0, schedules.linear),
    ("one_cycle", 0.0, schedules.one_cycle),
    ({"step": {"every": 2, "factor": 0.5}}, 0.0, schedules.step(2, 0.5, STEPS_PER_EPOCH)),
]


def stored(step, variables):
    """Ten digits are more than the tests compare."""
    rounded = {name: [float(f"{value:.10g}") for value in values] for name, values in variables.items()}
    return {"step": step + 1, **rounded}


def torch_optimizer(optimizer, groups, rate):
    name, settings = next(iter(optimizer.items())) if isinstance(optimizer, dict) else (optimizer, {})
    if name == "sgd":
        return torch.optim.SGD(groups, rate, settings.get("momentum", 0), nesterov=settings.get("nesterov", False))
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    return kind(groups, rate, (settings.get("beta1", 0.9), settings.get("beta2", 0.999)), settings.get("epsilon", 1e-7))


def of_torch(optimizer, rate, weight_decay=0.0, clip_norm=None, schedule=SCHEDULES[0]):
    spelling, warmup_epochs, scheduler = schedule
    sizes = schedules.sizes(EPOCHS, STEPS_PER_EPOCH, warmup_epochs, scheduler, rate)
    variables = {
        name: torch.tensor(values, dtype=torch.float64, requires_grad=True) for name, values in START.items()
    }
    decays = {"weight": weight_decay, "bias": 0.0}
    groups = [{"params": [variables[name]], "weight_decay": decay} for name, decay in decays.items()]
    peer = torch_optimizer(optimizer, groups, rate)
    after = []
    for step, (scale, size) in enumerate(zip(SCALES, sizes)):
        for group in peer.param_groups:
            group["lr"] = size
        peer.zero_grad()
        sum(scale * (variable**2 - variable).sum() for variable in variables.values()).backward()
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(variables.values(), clip_norm)
        peer.step()
        if step + 1 in STORED:
            after.append(stored(step, {name: v.flatten().tolist() for name, v in variables.items()}))
    return case("PyTorch", optimizer, spelling, warmup_epochs, rate, weight_decay, clip_norm, after)


def keras_optimizer(optimizer, rate, weight_decay):
    name, settings = next(iter(optimizer.items())) if isinstance(optimizer, dict) else (optimizer, {})
    decay = weight_decay or None
    if name in ("sgd", "sgdw"):
        return keras.optimizers.SGD(
            rate, settings.get("momentum", 0.0), settings.get("nesterov", False), weight_decay=decay
        )
    settings = {"beta_1": settings["beta1"], "beta_2": settings["beta2"], "epsilon": settings["epsilon"]}
    if name == "adam":
        return keras.optimizers.Adam(rate, **settings)
    return keras.optimizers.AdamW(rate, weight_decay=decay, **settings)


def of_keras(optimizer, rate, weight_decay=0.0, schedule="constant"):
    keras.config.set_floatx("float64")
    size = keras.optimizers.schedules.CosineDecay(rate, STEPS) if schedule == "cosine" else rate
    peer = keras_optimizer(optimizer, size, weight_decay)
    if weight_decay:
        peer.exclude_from_weight_decay(var_names=["bias"])
    variables = [keras.Variable(values, dtype="float64", name=name) for name, values in START.items()]
    after = []
    for step, scale in enumerate(SCALES):
        peer.apply([scale * (2 * variable - 1) for variable in variables], variables)
        if step + 1 in STORED:
            after.append(stored(step, {v.name: v.numpy().flatten().tolist() for v in variables}))
    return case("Keras", optimizer, schedule, 0.0, rate, weight_decay, None, after)


def case(peer, optimizer, schedule, warmup_epochs, rate, weight_decay, clip_norm, after):
    return {
        "peer": peer,
        "train": {
            "epochs": EPOCHS,
            "optimizer": optimizer,
            "learning_rate": rate,
            "schedule": schedule,
            "warmup_epochs": warmup_epochs,
            "weight_decay": weight_decay,
            "clip_norm": clip_norm,
        },
        "after": after,
    }


FAST, SLOW = 1 / 8, 1 / 256
MOMENTUM, NESTEROV = ({"momentum": 0.875, "nesterov": nesterov} for nesterov in (False, True))
MOMENTS = {"beta1": 7 / 8, "beta2": 1023 / 1024, "epsilon": 1e-10}
cases = [
    of_torch("adam", FAST),
    of_torch("adam", FAST, clip_norm=1.0),
    of_torch("adam", 0.02, clip_norm=0.05),
    of_torch("adam", FAST, clip_norm=1e6),
    of_torch({"adam": {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}}, FAST),
    of_torch({"sgd": MOMENTUM}, SLOW),
    of_torch({"sgd": {"momentum": 0.5, "nesterov": True}}, SLOW, clip_norm=1.0),
]
for schedule in SCHEDULES:
    cases += [
        of_torch("adam", FAST, weight_decay=0.25, schedule=schedule),
        of_torch("adamw", FAST, weight_decay=0.25, schedule=schedule),
        of_torch("sgd", SLOW, weight_decay=0.25, schedule=schedule),
        of_torch({"sgd": MOMENTUM}, SLOW, weight_decay=0.25, schedule=schedule),
        of_torch({"sgd": NESTEROV}, SLOW, weight_decay=0.25, schedule=schedule),
    ]
cases += [
    of_keras({"adam": MOMENTS}, FAST),
    of_keras({"adam": MOMENTS}, FAST, schedule="cosine"),
    of_keras({"adamw": MOMENTS}, FAST, weight_decay=0.25),
    of_keras({"adamw": MOMENTS}, FAST, weight_decay=0.25, schedule="cosine"),
    of_keras("sgd", SLOW),
    of_keras({"sgd": MOMENTUM}, SLOW),
    of_keras({"sgd": NESTEROV}, SLOW),
    of_keras("sgdw", SLOW, weight_decay=0.25),
    of_keras("sgdw", SLOW, weight_decay=0.25, schedule="cosine"),
    of_keras({"sgdw": MOMENTUM}, SLOW, weight_decay=0.25),
    of_keras({"sgdw": NESTEROV}, SLOW, weight_decay=0.25),
]
lines = ",\n".join(json.dumps(case) for case in cases)
OUTPUT.write_text(f'{{"start": {json.dumps(START)}, "scales": {json.dumps(SCALES)}, "cases": [\n{lines}\n]}}\n')
