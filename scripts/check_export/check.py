"""Compare exported TorchScript modules with pool-cli's own records. Started by scripts/check-export."""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

IMAGES = 1_000
BATCHES = [1, 7, 200]
TOLERANCE = 1e-5
FOLDERS = {"mnist": ["mnist"], "fashion_mnist": ["fashion-mnist", "/usr/share/datasets/fashion-mnist"]}
POOLS = {"max": lambda: nn.MaxPool2d(2), "avg": lambda: nn.AvgPool2d(2), "none": nn.Identity}


def test_images(source):
    """The first test images of a public set, [N, 1, 28, 28] from 0 to 1."""
    for folder in FOLDERS.get(source, []) if isinstance(source, str) else []:
        for name, opened in [("t10k-images-idx3-ubyte", open), ("t10k-images-idx3-ubyte.gz", gzip.open)]:
            path = Path(os.environ["POOL_DATA_DIR"]) / folder / name
            if path.exists():
                with opened(path, "rb") as file:
                    pixels = np.frombuffer(file.read(16 + IMAGES * 28 * 28)[16:], np.uint8)
                return torch.from_numpy(pixels.reshape(-1, 1, 28, 28).astype(np.float32) / 255)
    return None


def export(pool_cli, trial, form, path):
    command = [pool_cli, "export", str(trial), "--format", form, "--output", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def read_safetensors(path):
    """The file's tensors, by the format's specification: a length, a JSON header, raw little-endian numbers."""
    raw = path.read_bytes()
    header_bytes = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + header_bytes])
    tensors = {}
    for name, about in header.items():
        if name != "__metadata__":
            start, end = (8 + header_bytes + offset for offset in about["data_offsets"])
            numbers = np.frombuffer(raw[start:end], np.dtype("<f4")).reshape(about["shape"])
            tensors[name] = torch.from_numpy(numbers.copy())
    return tensors


def rebuilt(spec, weights):
    """The study's network in PyTorch's own layers; none for a pooling layer that it lacks."""
    if spec["pool"] not in POOLS or sorted(weights) != [
        f"{layer}.{what}" for layer in ["conv2d", "dense", "dense_1"] for what in ["bias", "weight"]
    ]:
        return None
    of = lambda layer: (weights[f"{layer}.weight"], weights[f"{layer}.bias"])
    pool = POOLS[spec["pool"]]()

    def forward(images):
        features = pool(torch.relu(torch.conv2d(images, *of("conv2d")))).flatten(1)
        hidden = torch.relu(nn.functional.linear(features, *of("dense")))
        return nn.functional.linear(hidden, *of("dense_1"))

    return forward


def in_batches(network, images, size):
    with torch.no_grad():
        return torch.cat([network(batch) for batch in images.split(size)])


def check(pool_cli, trial, folder):
    """What was found about one trial, and whether it is right."""
    spec = json.loads((trial / "spec.json").read_text())
    record = json.loads((trial / "record.json").read_text())
    if record["test"] is None:
        return "diverged, nothing to export", True
    images = test_images(spec["data"]["source"])
    if images is None:
        return f"skipped: no test images of {spec['data']['source']}", True
    script, weights = folder / "network.pt", folder / "network.safetensors"
    export(pool_cli, trial, "torchscript", script)
    export(pool_cli, trial, "safetensors", weights)
    module = torch.jit.load(script)
    logits = {size: in_batches(module, images, size) for size in BATCHES}
    classes = torch.tensor(record["test"]["predictions"][:IMAGES])
    wrong = sum(int((logits[size].argmax(1) != classes).sum()) for size in BATCHES)
    reference = rebuilt(spec, read_safetensors(weights))
    if reference is None:
        return f"{wrong} classes differ from the record (no such layer in PyTorch to compare logits with)", wrong == 0
    expected = in_batches(reference, images, 200)
    difference = max(float((logits[size] - expected).abs().max()) for size in BATCHES)
    found = f"logits within {difference:.1e}, {wrong} classes differ from the record"
    return found, difference <= TOLERANCE and wrong == 0


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--pool-cli", required=True)
    arguments.add_argument("runs", nargs="+", type=Path)
    arguments = arguments.parse_args()
    # PyTorch announces its successor of TorchScript each time a file is loaded.
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    trials = [record.parent for run in arguments.runs for record in sorted(run.glob("trials/*/record.json"))]
    if not trials:
        sys.exit("error: there is no finished trial")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for trial in trials:
            found, right = check(arguments.pool_cli, trial, Path(folder))
            failed |= not right
            print(f"{'ok' if right else 'WRONG'}  {trial.name}: {found}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
