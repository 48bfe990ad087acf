"""Measure pool-cli beside the programs that others would use for the same work, taking turns.

scripts/bench-peers starts this. This process computes nothing itself: everything measured is a process of its own.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import document
import machine
import ours
import peers
from checks import check_facts, check_losses
from measurement import Measurement
from messages import say
from results import OURS, ArmResults, Results
from table import own_costs, sentence, table
from work import ARMS, Work

TOLERATED_SHARE = 0.05


@dataclass(frozen=True)
class Options:
    pool_cli: str
    stock_tch: str
    keras_python: str
    pytorch_python: str
    pytorch_loop: str
    arms: list[str]
    epochs: int
    rounds: int
    threads: int
    markdown: Path | None
    command: str

    def work(self, arm: str, seed: int) -> Work:
        return Work(arm=arm, epochs=self.epochs, threads=self.threads, seed=seed)

    def turns(self) -> dict[str, Callable[[Work], Measurement]]:
        """In the order in which they take turns, after ours."""
        return {
            "Keras": partial(peers.measure_keras, self.keras_python),
            "PyTorch": partial(peers.measure_pytorch, self.pytorch_python, self.pytorch_loop),
            "stock tch": partial(peers.measure_stock_tch, self.stock_tch),
        }


def measure(options: Options, scratch: Path) -> Results:
    results = Results(arms={arm: ArmResults() for arm in options.arms})
    for seed in range(1, options.rounds + 1):
        results.gemm_flop_per_s.append(peers.gemm_flop_per_s(options.pytorch_python, options.threads))
        for arm in options.arms:
            measure_arm(options, options.work(arm, seed), results.arms[arm], scratch)
    return results


def measure_arm(options: Options, work: Work, results: ArmResults, scratch: Path) -> None:
    def keep(name: str, measurement: Measurement) -> None:
        results.add(name, measurement)
        check_facts(name, measurement, results.ours[0])
        epoch_s = median(measurement.epoch_s)
        say(f"round {work.seed} of {options.rounds}: {work.arm:<7} {name:<9} {epoch_s:8.3f} s per epoch")

    measurement, own = ours.measure(options.pool_cli, work, scratch)
    results.own_costs.append(own)
    keep(OURS, measurement)
    for name, measure_peer in options.turns().items():
        keep(name, measure_peer(work))


def render(options: Options, results: Results) -> str:
    lines = [
        f"machine   {machine.describe()}; threads of each program: {options.threads}",
        f"programs  {'; '.join(results.programs())}",
        f"rounds    {options.rounds}, taking turns; {options.epochs} epochs, the first of which warms up; "
        "medians (least-greatest)",
        f"GEMM peak {results.gemm_peak / 1e9:.0f} GFLOP/s; other processes took {document.others(results)} of the "
        "processor's time",
    ]
    for arm, arm_results in results.arms.items():
        lines += ["", f"[{arm}]", table(arm, arm_results, results.gemm_peak).to_text(), own_costs(arm_results)]
    return "\n".join([*lines, "", *(sentence(arm, arm_results) for arm, arm_results in results.arms.items())])


def warn_of(share: float | None) -> None:
    if share is not None and share > TOLERATED_SHARE:
        say(f"warning: other processes took up to {share:.0%} of the processor's time; do not rely on these figures")


def read_options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool-cli", required=True)
    parser.add_argument("--stock-tch", required=True)
    parser.add_argument("--keras-python", required=True)
    parser.add_argument("--pytorch-python", required=True)
    parser.add_argument("--pytorch-loop", required=True)
    parser.add_argument("--arm", dest="arms", action="append", choices=ARMS)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--threads", type=int, default=machine.usable_processors())
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--command", required=True)
    given = vars(parser.parse_args())
    chosen = given.pop("arms") or ARMS
    return Options(**given, arms=[arm for arm in ARMS if arm in chosen])


def main() -> None:
    chosen = read_options()
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"warning: the machine has just been busy (load {load:.1f}); whatever still runs disturbs the times")
    day = datetime.now(UTC).date()
    # A kill must clean up, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="bench-peers-", ignore_cleanup_errors=True) as scratch:
        results = measure(chosen, Path(scratch))
    print(render(chosen, results))
    warn_of(results.others_share())
    for arm, arm_results in results.arms.items():
        check_losses(arm, arm_results)
    if chosen.markdown:
        any_work = chosen.work(chosen.arms[0], seed=1)
        document.write_whole(chosen.markdown, document.render(results, any_work, chosen.rounds, chosen.command, day))
        say(f"wrote {chosen.markdown}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
