"""A network in JAX with Flax and Optax, trained and timed as Flax's MNIST tutorial does it: a compiled step per batch.

One such process is one measurement; peers.py starts it and reads the line that it prints.
"""

import json
import os
import platform
import time

os.environ["JAX_PLATFORMS"] = "cpu"

import flax
import jax
import numpy as np
import optax
from flax import nnx

from jax_network import network
from machine import usable_processors
from mnist import Mnist
from resident_memory import PeakMemory
from stopwatch import latencies, predictions
from work import Work


@nnx.jit
def train_step(
    model: nnx.Module, optimizer: nnx.Optimizer, loss_sum: jax.Array, images: jax.Array, labels: jax.Array
) -> jax.Array:
    def mean_loss(model: nnx.Module) -> jax.Array:
        return optax.softmax_cross_entropy_with_integer_labels(model(images), labels).mean()

    loss, gradients = nnx.value_and_grad(mean_loss)(model)
    optimizer.update(model, gradients)
    return loss_sum + loss * len(images)


@nnx.jit
def classify(model: nnx.Module, images: jax.Array) -> jax.Array:
    return model(images).argmax(axis=1)


def train_epoch(
    model: nnx.Module, optimizer: nnx.Optimizer, images: np.ndarray, labels: np.ndarray, batch_size: int
) -> tuple[float, float]:
    """Seconds, and the mean loss; the sum of the losses is read once, after the last step."""
    start = time.perf_counter()
    loss_sum = jax.numpy.zeros(())
    order = np.random.permutation(len(images))
    for first in range(0, len(order), batch_size):
        indices = order[first : first + batch_size]
        loss_sum = train_step(model, optimizer, loss_sum, images[indices], labels[indices])
    train_loss = float(loss_sum) / len(images)
    return time.perf_counter() - start, train_loss


def limit_threads(threads: int) -> None:
    """XLA starts a thread for each processor that its process may use, and has no setting for fewer."""
    if threads != usable_processors():
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def main() -> None:
    work = Work.from_arguments()
    limit_threads(work.threads)
    np.random.seed(work.seed)
    data = Mnist.read(work.train_images)
    train_images, test_images = data.train_images[..., np.newaxis], data.test_images[..., np.newaxis]

    memory = PeakMemory()
    model = network(work)
    optimizer = nnx.Optimizer(model, optax.adam(work.learning_rate, eps=work.adam_epsilon), wrt=nnx.Param)
    model.train()
    epochs = [
        train_epoch(model, optimizer, train_images, data.train_labels, work.batch_size) for _ in range(work.epochs)
    ]
    model.eval()

    def all_predicted_classes() -> np.ndarray:
        firsts = range(0, len(test_images), work.batch_size)
        return np.concatenate([classify(model, test_images[first : first + work.batch_size]) for first in firsts])

    prediction_s = predictions(work, all_predicted_classes)
    latency_s = latencies(work, lambda index: np.asarray(classify(model, test_images[index : index + 1])))
    added_peak_bytes = memory.added_bytes()
    result = {
        "program": f"JAX {jax.__version__}, Flax {flax.__version__}, Python {platform.python_version()}",
        "threads": usable_processors(),
        "train_images": len(train_images),
        "test_images": len(test_images),
        "batch_size": work.batch_size,
        "parameters": sum(values.size for values in jax.tree.leaves(nnx.state(model, nnx.Param))),
        "epoch_s": [seconds for seconds, _ in epochs],
        "train_loss": [loss for _, loss in epochs],
        "prediction_s": prediction_s,
        "latency_s": latency_s,
        "test_error": float((all_predicted_classes() != data.test_labels).mean()),
        "added_peak_bytes": added_peak_bytes,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
