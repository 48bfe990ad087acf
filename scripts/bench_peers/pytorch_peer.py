"""The study's network in PyTorch, with the loop of PyTorch's tutorials, trained and timed.

One such process is one measurement; peers.py starts it and reads the line that it prints. The second argument names the
loop: `dataloader` is the tutorials', `index_select` gathers a whole batch at once. The weights start as Keras's and
pool-cli's do (Glorot-uniform, zero biases), so that losses can be compared.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mnist import Mnist
from resident_memory import PeakMemory
from stopwatch import latencies, predictions
from work import Work

Batches = Iterable[tuple[Tensor, Tensor]]

POOLING = {"average": [nn.AvgPool2d], "maximum": [nn.MaxPool2d], "none": []}
FLATTENED = {"average": 32 * 12 * 12, "maximum": 32 * 12 * 12, "none": 32 * 24 * 24}


class GatheredBatches:
    """Batches in a new random order each time they are iterated, each one index_select from the whole set."""

    def __init__(self, images: Tensor, labels: Tensor, batch_size: int) -> None:
        self.images, self.labels, self.batch_size = images, labels, batch_size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for indices in torch.randperm(len(self.images)).split(self.batch_size):
            yield self.images.index_select(0, indices), self.labels.index_select(0, indices)


def loaded_batches(images: Tensor, labels: Tensor, batch_size: int) -> Batches:
    return DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True)


LOOPS = {"dataloader": loaded_batches, "index_select": GatheredBatches}


def network(arm: str) -> nn.Sequential:
    net = nn.Sequential(
        nn.Conv2d(1, 32, 5),
        nn.ReLU(),
        *(layer(2) for layer in POOLING[arm]),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(FLATTENED[arm], 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net


def train_epoch(net: nn.Module, optimizer: torch.optim.Optimizer, batches: Batches, images: int) -> tuple[float, float]:
    """Seconds, and the mean loss; the sum of the losses is read once, after the last step."""
    net.train()
    start = time.perf_counter()
    loss_sum = torch.zeros(())
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(inputs), labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.detach() * len(labels)
    train_loss = loss_sum.item() / images
    return time.perf_counter() - start, train_loss


def main() -> None:
    work, loop = Work.from_arguments(), LOOPS[sys.argv[2]]
    torch.set_num_threads(work.threads)
    torch.manual_seed(work.seed)
    data = Mnist.read(work.train_images)
    train_images = torch.from_numpy(data.train_images).unsqueeze(1)
    test_images = torch.from_numpy(data.test_images).unsqueeze(1)
    train_labels, test_labels = torch.from_numpy(data.train_labels), torch.from_numpy(data.test_labels)

    memory = PeakMemory()
    net = network(work.arm)
    optimizer = torch.optim.Adam(net.parameters(), lr=work.learning_rate, eps=work.adam_epsilon)
    batches = loop(train_images, train_labels, work.batch_size)
    epochs = [train_epoch(net, optimizer, batches, len(train_images)) for _ in range(work.epochs)]

    @torch.inference_mode()
    def predicted_classes(batch: Tensor) -> list[int]:
        return net(batch).argmax(1).tolist()

    def all_predicted_classes() -> list[int]:
        return [label for batch in test_images.split(work.batch_size) for label in predicted_classes(batch)]

    net.eval()
    prediction_s = predictions(work, all_predicted_classes)
    latency_s = latencies(work, lambda index: predicted_classes(test_images[index : index + 1]))
    added_peak_bytes = memory.added_bytes()
    result = {
        "program": f"PyTorch {torch.__version__}, {sys.argv[2]} loop, Python {platform.python_version()}",
        "threads": torch.get_num_threads(),
        "train_images": len(train_images),
        "test_images": len(test_images),
        "batch_size": work.batch_size,
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "epoch_s": [seconds for seconds, _ in epochs],
        "train_loss": [loss for _, loss in epochs],
        "prediction_s": prediction_s,
        "latency_s": latency_s,
        "test_error": (torch.tensor(all_predicted_classes()) != test_labels).float().mean().item(),
        "added_peak_bytes": added_peak_bytes,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
