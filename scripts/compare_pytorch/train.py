"""Train the study's network with maximum pooling in PyTorch, and print what it took as one JSON object.

One such process is one training; compare.py starts them. The weights start as pool-cli's do (Glorot-uniform, zero
biases) and the loss and the errors are counted as it counts them, so that times and losses can be compared.
"""

import argparse
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049
KERAS_EPSILON = 1e-7

Batches = Iterable[tuple[Tensor, Tensor]]


class GatheredBatches:
    """Batches in a new random order each time they are iterated, each one index_select from the whole set."""

    def __init__(self, images: Tensor, labels: Tensor, batch_size: int) -> None:
        self.images, self.labels, self.batch_size = images, labels, batch_size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for indices in torch.randperm(len(self.images)).split(self.batch_size):
            yield self.images.index_select(0, indices), self.labels.index_select(0, indices)


def training_batches(loop: str, images: Tensor, labels: Tensor, batch_size: int) -> Batches:
    if loop == "dataloader":
        return DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True)
    return GatheredBatches(images, labels, batch_size)


def read_idx(path: Path, magic: int, dimensions: int) -> Tensor:
    content = bytearray(path.read_bytes())
    found, *shape = (int.from_bytes(content[at : at + 4], "big") for at in range(0, 4 * (1 + dimensions), 4))
    if found != magic:
        raise SystemExit(f"error: {path} starts with {found}, not with {magic}: it is not the file its name says")
    return torch.frombuffer(content, dtype=torch.uint8, offset=4 * (1 + dimensions)).reshape(shape)


def network() -> nn.Sequential:
    net = nn.Sequential(
        nn.Conv2d(1, 32, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(4608, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net


def train_epoch(net: nn.Module, optimizer: torch.optim.Optimizer, batches: Batches, images: int) -> dict:
    net.train()
    # As in pool-cli, the sums are read once, after the last step.
    loss_sum = torch.zeros((), dtype=torch.float64)
    error_sum = torch.zeros((), dtype=torch.int64)
    start = time.perf_counter()
    for inputs, labels in batches:
        logits = net(inputs)
        loss = nn.functional.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            loss_sum += loss * len(labels)
            error_sum += (logits.argmax(1) != labels).sum()
    train_loss, train_error = loss_sum.item() / images, error_sum.item() / images
    train_s = time.perf_counter() - start
    return {"train_loss": train_loss, "train_error": train_error, "train_s": train_s}


@torch.no_grad()
def validate(net: nn.Module, images: Tensor, labels: Tensor, batch_size: int) -> dict:
    net.eval()
    loss_sum, errors = 0.0, 0
    for inputs, targets in zip(images.split(batch_size), labels.split(batch_size), strict=True):
        logits = net(inputs)
        loss_sum += nn.functional.cross_entropy(logits, targets, reduction="sum").item()
        errors += (logits.argmax(1) != targets).sum().item()
    return {"validation_loss": loss_sum / len(images), "validation_error": errors / len(images)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--loop", choices=["dataloader", "index_select"], required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--validation", type=float, required=True, help="share of the images, taken from the end")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    images = read_idx(args.data / "train-images-idx3-ubyte", IMAGES_MAGIC, 3).unsqueeze(1).float() / 255
    labels = read_idx(args.data / "train-labels-idx1-ubyte", LABELS_MAGIC, 1).long()
    count = round(len(images) * (1 - args.validation))
    batches = training_batches(args.loop, images[:count], labels[:count], args.batch_size)

    net = network()
    optimizer = torch.optim.Adam(net.parameters(), lr=args.learning_rate, eps=KERAS_EPSILON)
    epochs = []
    for _ in range(args.epochs):
        epoch = train_epoch(net, optimizer, batches, count)
        epochs.append(epoch | validate(net, images[count:], labels[count:], args.batch_size))

    result = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "train_images": count,
        "validation_images": len(images) - count,
        "batch_size": args.batch_size,
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "epochs": epochs,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
