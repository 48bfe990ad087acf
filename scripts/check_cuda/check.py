"""Train every built-in network on a CUDA device and compare with the processor. Started by scripts/check-cuda."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

NETWORKS = ["study", "lenet5", "keras-convnet", "vgg-small", "all-cnn", "airbench94", "resnet8", "resnet20", "ds-cnn"]
SWEEP = """
study = "{network}"
seeds = [1]

[data]
dataset = "generated"
normalize = "per_channel"

[data.augment]
translate = 2
rotate = 10.0
cutout = 4

[train]
epochs = 2
batch_size = 100
learning_rate = 0.02
optimizer = {{ sgd = {{ momentum = 0.9, nesterov = true }} }}
weight_decay = 0.0005
schedule = "one_cycle"

[evaluation]
perturbations = "none"

[costs]
epochs = 0

[model]
network = "{network}"

[[arm]]
name = "as published"
{pool}
"""
# 32-bit sums in another order, through twenty layers: of losses, absolute and relative, and of images near a border.
LOSS_TOLERANCE = 1e-4
ERROR_TOLERANCE = 1


def trained(pool_cli, network, device, folder):
    """The trial's folder, and its record."""
    sweep = folder / f"{network}.toml"
    # The study's network alone has a place that nothing fills by default.
    sweep.write_text(SWEEP.format(network=network, pool='pool = "max"' if network == "study" else ""))
    run = folder / f"{network} {device.replace(':', ' ')}"
    command = [pool_cli, "sweep", sweep, "--out", run, "--device", device, "--jobs", "1"]
    told = subprocess.run(command, capture_output=True, text=True)
    if told.returncode != 0:
        sys.exit(f"{network} on {device}: pool-cli sweep ended with {told.returncode}:\n{told.stderr}")
    (trial,) = (run / "trials").iterdir()
    return trial, json.loads((trial / "record.json").read_text())


def evaluated(pool_cli, trial):
    """Wrong test images and loss, by the processor."""
    command = [pool_cli, "evaluate", trial, "--json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found["evaluation"]


def epoch_s(record):
    return record["epochs"][-1]["train_s"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pool-cli", type=Path, required=True)
    parser.add_argument("--device", required=True)
    options = parser.parse_args()
    differs = False
    print(f"{'network':<14} {'loss there':>10} {'of its weights here':>19} {'trained here':>12} {'epoch, s':>8} {'here':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for network in NETWORKS:
            trial, there = trained(options.pool_cli, network, options.device, Path(folder))
            _, here = trained(options.pool_cli, network, "cpu", Path(folder))
            if there["provenance"]["device"] == "cpu":
                sys.exit(f"{network}: the record says that it was trained on the cpu")
            device, processor = there["test"]["evaluation"], evaluated(options.pool_cli, trial)
            agree = (
                abs(device["errors"] - processor["errors"]) <= ERROR_TOLERANCE
                and abs(device["loss"] - processor["loss"]) <= LOSS_TOLERANCE * (1 + processor["loss"])
            )
            differs |= not agree
            print(
                f"{network:<14} {device['loss']:>10.5f} {processor['loss']:>19.5f}"
                f" {here['test']['evaluation']['loss']:>12.5f} {epoch_s(there):>8.3f} {epoch_s(here):>7.3f}"
                f"{'' if agree else '  DIFFERS'}",
                flush=True,
            )
    sys.exit(1 if differs else 0)


if __name__ == "__main__":
    main()
