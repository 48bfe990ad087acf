"""An epoch of training in PyTorch, on whichever device the network and the images are."""

import time
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from work import Work

Batches = Iterable[tuple[Tensor, Tensor]]


class GatheredBatches:
    """Batches in a new random order each time they are iterated, each one index_select from the whole set."""

    def __init__(self, images: Tensor, labels: Tensor, batch_size: int) -> None:
        self.images, self.labels, self.batch_size = images, labels, batch_size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for indices in torch.randperm(len(self.images), device=self.images.device).split(self.batch_size):
            yield gathered(self.images, self.labels, indices)


def gathered(images: Tensor, labels: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    batch = images.index_select(0, indices).contiguous(memory_format=torch.channels_last)
    return batch, labels.index_select(0, indices)


def loaded_batches(images: Tensor, labels: Tensor, batch_size: int) -> Batches:
    return DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True)


def adam(net: nn.Module, work: Work, **settings: bool) -> torch.optim.Adam:
    return torch.optim.Adam(net.parameters(), lr=work.learning_rate, eps=work.adam_epsilon, **settings)


def train_epoch(
    net: nn.Module, optimizer: torch.optim.Optimizer, batches: Batches, images: int, autocast: torch.autocast
) -> tuple[float, float]:
    """Seconds, and the mean loss; the sum of the losses is read once, after the last step, and waits for the device."""
    net.train()
    start = time.perf_counter()
    loss_sum = torch.zeros((), device=next(net.parameters()).device)
    for inputs, labels in batches:
        optimizer.zero_grad()
        with autocast:
            loss = nn.functional.cross_entropy(net(inputs), labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.detach() * len(labels)
    train_loss = loss_sum.item() / images
    return time.perf_counter() - start, train_loss
