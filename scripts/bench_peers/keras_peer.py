"""A network in Keras on TensorFlow, trained and timed as Keras's own guides do it: compile, fit, predict.

One such process is one measurement; peers.py starts it and reads the line that it prints. The data format (channels
last) and just-in-time compilation are left at Keras's defaults.
"""

import json
import os
import platform
import time

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from keras_network import network
from machine import usable_processors
from mnist import Mnist
from resident_memory import PeakMemory
from stopwatch import latencies, predictions
from work import Work


class EpochClock(keras.callbacks.Callback):
    """Times every epoch and keeps its training loss."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.losses: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.seconds.append(time.perf_counter() - self.start)
        self.losses.append(float((logs or {})["loss"]))


def limit_threads(threads: int) -> None:
    """Sets nothing where all processors may be used, as who uses Keras sets nothing. Elsewhere the second pool, for
    operations that can run beside each other, gets one thread: these networks have few, and more only compete."""
    if threads != usable_processors():
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def main() -> None:
    work = Work.from_arguments()
    limit_threads(work.threads)
    keras.utils.set_random_seed(work.seed)
    data = Mnist.read(work.train_images)
    train_images, test_images = data.train_images[..., np.newaxis], data.test_images[..., np.newaxis]

    memory, clock = PeakMemory(), EpochClock()
    model = network(work)
    model.compile(
        optimizer=keras.optimizers.Adam(work.learning_rate, epsilon=work.adam_epsilon),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(
        train_images,
        data.train_labels,
        batch_size=work.batch_size,
        epochs=work.epochs,
        shuffle=True,
        verbose=0,
        callbacks=[clock],
    )

    def predicted_classes() -> np.ndarray:
        return model.predict(test_images, batch_size=work.batch_size, verbose=0).argmax(axis=1)

    # predict() starts a whole pipeline, so for a single image Keras's documentation advises to call the model;
    # tf.function saves that call the interpretation of every layer.
    classify = tf.function(lambda image: tf.argmax(model(image, training=False), axis=1))

    prediction_s = predictions(work, predicted_classes)
    latency_s = latencies(work, lambda index: classify(test_images[index : index + 1]).numpy())
    added_peak_bytes = memory.added_bytes()
    result = {
        "program": f"Keras {keras.__version__}, TensorFlow {tf.__version__}, Python {platform.python_version()}",
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or usable_processors(),
        "train_images": len(train_images),
        "test_images": len(test_images),
        "batch_size": work.batch_size,
        "parameters": sum(variable.numpy().size for variable in model.trainable_variables),
        "epoch_s": clock.seconds,
        "train_loss": clock.losses,
        "prediction_s": prediction_s,
        "latency_s": latency_s,
        "test_error": float((predicted_classes() != data.test_labels).mean()),
        "added_peak_bytes": added_peak_bytes,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
