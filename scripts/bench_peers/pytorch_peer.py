"""A network in PyTorch, trained and timed.

One such process is one measurement; peers.py starts it and reads the line that it prints. The second argument names
the way: `tutorial` is the loop of PyTorch's tutorials, `tuned` follows its tuning guide for processors, and `tuned-bf16`
lets autocast compute in bfloat16 on top of that.
"""

import json
import os
import platform
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch
from torch import Tensor

from mnist import Mnist
from pytorch_network import network
from pytorch_training import GatheredBatches, adam, loaded_batches, train_epoch
from resident_memory import PeakMemory
from stopwatch import latencies, predictions
from work import Work

WAYS = ("tutorial", "tuned", "tuned-bf16")


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
    optimizer = adam(net, work, fused=tuned)
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
