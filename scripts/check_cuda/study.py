"""The study's sweep on the device: its three arms, what changed test images do to them, and their costs."""

import re
from pathlib import Path
from statistics import median

import subset
from comparison import Comparison, train
from pool_cli import PoolCli
from records import records

SWEEP = Path(__file__).resolve().parents[2] / "configs" / "sweep.toml"


def check(pool_cli: PoolCli, images: int, scratch: Path) -> bool:
    """Whether all arms agree. Prints a line for each."""
    folder, data = scratch / "study", subset.of_mnist(images, scratch / f"mnist-{images}")
    agree = True
    print(
        f"{'arm':<8} {'loss there':>10} {'of its weights here':>19} {'error, %':>8} {'epoch, s':>8}"
        f" {'10,000, s':>9} {'one, ms':>7}"
    )
    for trained in train(pool_cli, pool_cli.device, sweep(data), folder):
        compared = Comparison.of(pool_cli, trained)
        agree &= compared.agrees
        costs = costs_of(trained.arm, folder)
        one_s = next(row["seconds"] for row in costs["latency"] if row["batch_size"] == 1)
        print(
            f"{trained.arm:<8} {compared.there['loss']:>10.5f} {compared.here['loss']:>19.5f}"
            f" {100 * trained.test['errors'] / trained.test['images']:>8.2f} {trained.epoch_s:>8.3f}"
            f" {median(costs['prediction']['seconds']):>9.3f} {1e3 * median(one_s):>7.3f}{compared.mark}",
            flush=True,
        )
    return agree


def sweep(data: Path) -> str:
    """The study's own file, but for its images, and with one seed and three epochs, as this is no study."""
    text = SWEEP.read_text()
    for pattern, line in [
        (r"^seeds = .*$", "seeds = [1]"),
        (r'^dataset = "mnist"$', f'dataset = {{ dir = "{data}" }}'),
        (r"^epochs = 10 .*$", "epochs = 3"),
    ]:
        text, found = re.subn(pattern, line, text, flags=re.M)
        assert found == 1, f"{pattern} is in {SWEEP} {found} times"
    return text


def costs_of(arm: str, folder: Path) -> dict:
    return next(record for _, record in records(folder, "costs") if record["spec"]["arm"] == arm)
