"""Epochs of a network in PyTorch on a device, timed. Prints one line of JSON, which times.py reads.

The first argument is the Work, the second the device, the others are the ways: `eager` is the tuned loop of
scripts/bench_peers/pytorch_peer.py with all images on the device, `graphs` replays its steps as CUDA graphs. One
process does all ways, one after the other, because most of its time is PyTorch's own start.
"""

import json
import platform
import sys
from collections.abc import Callable

import torch
from torch import Tensor

from graph import GraphedTraining
from mnist import Mnist
from pytorch_network import network
from pytorch_training import GatheredBatches, adam, train_epoch
from work import Work

EAGER, GRAPHS = "eager", "graphs"


def epochs_of(way: str, work: Work, images: Tensor, labels: Tensor) -> list[tuple[float, float]]:
    torch.manual_seed(work.seed)
    net = network(work).to(images.device, memory_format=torch.channels_last)
    optimizer = adam(net, work, fused=True, capturable=way == GRAPHS)
    epoch: Callable[[], tuple[float, float]]
    if way == GRAPHS:
        epoch = GraphedTraining(net, optimizer, images, labels, work.batch_size).epoch
    else:
        batches = GatheredBatches(images, labels, work.batch_size)
        autocast = torch.autocast(images.device.type, enabled=False)
        epoch = lambda: train_epoch(net, optimizer, batches, len(images), autocast)
    return [epoch() for _ in range(work.epochs)]


def main() -> None:
    work, device, ways = Work.from_arguments(), torch.device(sys.argv[2]), sys.argv[3:]
    torch.set_num_threads(work.threads)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    # All batches have one shape, so the fastest of cuDNN's algorithms is looked for once.
    torch.backends.cudnn.benchmark = True
    data = Mnist.read(work.train_images)
    images = torch.from_numpy(data.train_images).unsqueeze(1).to(device)
    labels = torch.from_numpy(data.train_labels).to(device)
    epochs = {way: epochs_of(way, work, images, labels) for way in ways}
    result = {
        "program": f"PyTorch {torch.__version__}, Python {platform.python_version()}",
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "the processor",
        "threads": torch.get_num_threads(),
        "train_images": len(images),
        "test_images": len(data.test_images),
        "batch_size": work.batch_size,
        "parameters": sum(parameter.numel() for parameter in network(work).parameters()),
        "epoch_s": {way: [seconds for seconds, _ in of_way] for way, of_way in epochs.items()},
        "train_loss": {way: [loss for _, loss in of_way] for way, of_way in epochs.items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
