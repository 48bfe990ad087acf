# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.11.0", "numpy==2.4.6"]
# ///
"""Golden values of the optimizer, from PyTorch: 20 steps down a function whose gradients are small, large and nothing.

    python scripts/golden/optimizers.py

writes crates/pool-models/tests/golden/optimizers.json: for each case the settings, the variables at the start, and their
values after every step. The loss of step `k` is `sum(scale[k] * (a^2 + 0.5 * b^2 - a))` over the entries of `a` and `b`.
"""

import json
from pathlib import Path

import torch

OUTPUT = Path(__file__).resolve().parents[2] / "crates/pool-models/tests/golden/optimizers.json"
STEPS = 20
START = {"a": [1.0, -2.0, 3.0], "b": [0.5, -0.25]}
SCALES = [[1.0, 40.0, 0.01, 0.0, 3.0][step % 5] for step in range(STEPS)]


def run(learning_rate, clip_norm):
    torch.set_default_dtype(torch.float64)
    variables = {name: torch.tensor(values, requires_grad=True) for name, values in START.items()}
    optimizer = torch.optim.Adam(variables.values(), lr=learning_rate, eps=1e-7)
    after = []
    for scale in SCALES:
        optimizer.zero_grad()
        a, b = variables["a"], variables["b"]
        (scale * ((a**2 - a).sum() + 0.5 * (b**2).sum())).backward()
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(variables.values(), clip_norm)
        optimizer.step()
        after.append({name: variable.tolist() for name, variable in variables.items()})
    return {"learning_rate": learning_rate, "clip_norm": clip_norm, "after": after}


cases = [run(0.1, None), run(0.1, 1.0), run(0.02, 0.05), run(0.1, 1e6)]
lines = ",\n".join(json.dumps(case) for case in cases)
OUTPUT.write_text(f'{{"start": {json.dumps(START)}, "scales": {json.dumps(SCALES)}, "cases": [\n{lines}\n]}}\n')
