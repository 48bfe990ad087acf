"""Every built-in network, trained on generated pictures with augmentation, on the device and on the processor."""

from pathlib import Path

from comparison import Comparison, train
from pool_cli import CPU, PoolCli

NETWORKS = ["study", "lenet5", "keras-convnet", "vgg-small", "all-cnn", "airbench94", "resnet8", "resnet20", "ds-cnn"]
SWEEP = """
study = "{network}"
seeds = [1]

[data]
dataset = "generated"
normalize = "per_channel"

[data.augment]
translate = 2
rotate = 10.0
cutout = 4

[train]
epochs = 2
batch_size = 100
learning_rate = 0.02
optimizer = {{ sgd = {{ momentum = 0.9, nesterov = true }} }}
weight_decay = 0.0005
schedule = "one_cycle"

[evaluation]
perturbations = "none"

[costs]
epochs = 0

[model]
network = "{network}"

[[arm]]
name = "as published"
{pool}
"""


def check(pool_cli: PoolCli, scratch: Path) -> bool:
    """Whether all agree. Prints a line for each network, with the last epoch's seconds on both."""
    agree = True
    print(
        f"{'network':<14} {'loss there':>10} {'of its weights here':>19} {'trained here':>12} {'epoch, s':>8}"
        f" {'here':>7}"
    )
    for network in NETWORKS:
        # The study's network alone has a place that nothing fills by default.
        sweep = SWEEP.format(network=network, pool='pool = "max"' if network == "study" else "")
        (there,) = train(pool_cli, pool_cli.device, sweep, scratch / f"{network} there")
        (here,) = train(pool_cli, CPU, sweep, scratch / f"{network} here")
        compared = Comparison.of(pool_cli, there)
        agree &= compared.agrees
        print(
            f"{network:<14} {compared.there['loss']:>10.5f} {compared.here['loss']:>19.5f} {here.test['loss']:>12.5f}"
            f" {there.epoch_s:>8.3f} {here.epoch_s:>7.3f}{compared.mark}",
            flush=True,
        )
    return agree
