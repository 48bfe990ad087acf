"""Training steps of PyTorch that are recorded once as a CUDA graph, and then replayed."""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from pytorch_training import gathered

# CUDA's libraries prepare themselves in the first steps, which no graph may hold. PyTorch's documentation takes three.
WARM_UP_STEPS = 3


class GraphedTraining:
    """All that a step does is in the graph: the gather of its batch, forward, backward, Adam and the sum of the losses.
    Only the indices of the batch are copied to it. A graph has one size of batch, so every batch must be full."""

    def __init__(self, net: nn.Module, optimizer: torch.optim.Adam, images: Tensor, labels: Tensor, batch_size: int):
        assert len(images) % batch_size == 0, f"{len(images)} images are no batches of {batch_size}"
        self.net, self.optimizer, self.images, self.labels = net.train(), optimizer, images, labels
        self.indices = torch.arange(batch_size, device=images.device)
        self.loss_sum = torch.zeros((), device=images.device)
        self.replay = captured(self.step, optimizer)

    def step(self) -> None:
        inputs, labels = gathered(self.images, self.labels, self.indices)
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.net(inputs), labels)
        loss.backward()
        self.optimizer.step()
        self.loss_sum += loss.detach() * len(labels)

    def epoch(self) -> tuple[float, float]:
        """Seconds, and the mean loss, which is read once, after the last step, and waits for the device."""
        start = time.perf_counter()
        self.loss_sum.zero_()
        for indices in torch.randperm(len(self.images), device=self.images.device).split(len(self.indices)):
            self.indices.copy_(indices)
            self.replay()
        train_loss = self.loss_sum.item() / len(self.images)
        return time.perf_counter() - start, train_loss


def captured(step: Callable[[], None], optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    """Does some steps, then records one, and gives its replay."""
    # A graph is recorded on another stream than the default one, and what it records must have been warmed up there.
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP_STEPS):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    # The gradients that the graph writes must lie in its own memory, so those of the warm-up go.
    optimizer.zero_grad()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        step()
    return graph.replay
