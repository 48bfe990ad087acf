"""A network in PyTorch, trained and timed.

One such process is one measurement; peers.py starts it and reads the line that it prints. The second argument names
the way: `tutorial` is the loop of PyTorch's tutorials, `tuned` follows its tuning guide for processors, and `tuned-bf16`
lets autocast compute in bfloat16 on top of that.
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
from pytorch_network import network
from resident_memory import PeakMemory
from stopwatch import latencies, predictions
from work import Work

Batches = Iterable[tuple[Tensor, Tensor]]

WAYS = ("tutorial", "tuned", "tuned-bf16")


class GatheredBatches:
    """Batches in a new random order each time they are iterated, each one index_select from the whole set."""

    def __init__(self, images: Tensor, labels: Tensor, batch_size: int) -> None:
        self.images, self.labels, self.batch_size = images, labels, batch_size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for indices in torch.randperm(len(self.images)).split(self.batch_size):
            images = self.images.index_select(0, indices).contiguous(memory_format=torch.channels_last)
            yield images, self.labels.index_select(0, indices)


def loaded_batches(images: Tensor, labels: Tensor, batch_size: int) -> Batches:
    return DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True)


def train_epoch(
    net: nn.Module, optimizer: torch.optim.Optimizer, batches: Batches, images: int, autocast: torch.autocast
) -> tuple[float, float]:
    """Seconds, and the mean loss; the sum of the losses is read once, after the last step."""
    net.train()
    start = time.perf_counter()
    loss_sum = torch.zeros(())
    for inputs, labels in batches:
        optimizer.zero_grad()
        with autocast:
            loss = nn.functional.cross_entropy(net(inputs), labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.detach() * len(labels)
    train_loss = loss_sum.item() / images
    return time.perf_counter() - start, train_loss


def main() -> None:
    work, way = Work.from_arguments(), sys.argv[2]
    tuned = WAYS.index(way) > 0
    torch.set_num_threads(work.threads)
    torch.manual_seed(work.seed)
    data = Mnist.read(work.train_images)
    train_images = torch.from_numpy(data.train_images).unsqueeze(1)
    test_images = torch.from_numpy(data.test_images).unsqueeze(1)
    train_labels, test_labels = torch.from_numpy(data.train_labels), torch.from_numpy(data.test_labels)

    memory = PeakMemory()
    net = network(work).to(memory_format=torch.channels_last if tuned else torch.contiguous_format)
    optimizer = torch.optim.Adam(net.parameters(), lr=work.learning_rate, eps=work.adam_epsilon, fused=tuned)
    loop = GatheredBatches if tuned else loaded_batches
    batches = loop(train_images, train_labels, work.batch_size)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=way == "tuned-bf16")
    epochs = [train_epoch(net, optimizer, batches, len(train_images), autocast) for _ in range(work.epochs)]

    @torch.inference_mode()
    def predicted_classes(batch: Tensor) -> list[int]:
        with autocast:
            return net(batch).argmax(1).tolist()

    def all_predicted_classes() -> list[int]:
        return [label for batch in test_images.split(work.batch_size) for label in predicted_classes(batch)]

    net.eval()
    prediction_s = predictions(work, all_predicted_classes)
    latency_s = latencies(work, lambda index: predicted_classes(test_images[index : index + 1]))
    added_peak_bytes = memory.added_bytes()
    result = {
        "program": f"PyTorch {torch.__version__}, Python {platform.python_version()}",
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
