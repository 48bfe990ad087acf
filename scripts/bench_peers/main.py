"""Measure pool-cli and the programs that others would use for the same work, taking turns.

scripts/bench-peers starts this. This process computes nothing itself: everything measured is a process of its own.
"""

import argparse
import sys
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import document
import machine
import peers
from checks import check_facts, check_losses
from messages import say
from networks import NETWORKS
from programs import NAMES, Installed, option
from quiet import most, warn_of_load, warn_of_others
from results import OURS, NetworkResults, Results
from scratch import scratch_folder
from table import epochs, own_costs, sentence, table
from whole_file import write_whole
from work import Work


@dataclass(frozen=True)
class Options:
    installed: Installed
    programs: list[str]
    networks: list[str]
    images: int | None
    epochs: int
    rounds: int
    threads: int
    markdown: Path | None
    command: str

    def work(self, network: str, seed: int) -> Work:
        return Work.of(network, self.images, self.epochs, self.threads, seed)


def measure(options: Options, scratch: Path) -> Results:
    results = Results(networks={network: NetworkResults() for network in options.networks})
    installed = options.installed
    for seed in range(1, options.rounds + 1):
        peaks = peers.gemm_flop_per_s(installed.pytorch_python, installed.rust_peers, options.threads)
        results.gemm_flop_per_s.append(peaks)
        for network in options.networks:
            measure_network(options, options.work(network, seed), results.networks[network], scratch)
    return results


def measure_network(options: Options, work: Work, results: NetworkResults, scratch: Path) -> None:
    for name in options.programs:
        measurement = options.installed.measure(name, scratch)(work)
        results.add(name, measurement)
        check_facts(name, measurement.facts, results.ours[0].facts)
        epoch_s = median(epochs(measurement))
        say(f"round {work.seed} of {options.rounds}: {work.network:<13} {name:<18} {epoch_s:8.3f} s per epoch")


def render(options: Options, results: Results) -> str:
    lines = [
        f"machine   {machine.describe()}; threads of each program: {options.threads}",
        f"programs  {'; '.join(results.programs())}",
        f"rounds    {options.rounds}, taking turns; {options.epochs} epochs, the first of which warms up; "
        "medians (least-greatest)",
        f"GEMM peak {document.gemm_peaks(results)}; other processes took {most(results.others_share())} of the "
        "processor's time",
    ]
    for name, network in results.networks.items():
        lines += ["", f"[{name}]", table(network, results.gemm_peak).to_text(), own_costs(network)]
    return "\n".join([*lines, "", *(f"{name}: {sentence(network)}" for name, network in results.networks.items())])


def read_options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__)
    for field in fields(Installed):
        parser.add_argument(f"--{field.name.replace('_', '-')}", required=True)
    parser.add_argument("--program", dest="programs", action="append", choices=[option(name) for name in NAMES])
    parser.add_argument("--network", dest="networks", action="append", choices=NETWORKS)
    parser.add_argument("--images", type=int)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--threads", type=int, default=machine.usable_processors())
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--command", required=True)
    given = vars(parser.parse_args())
    installed = Installed(**{field.name: given.pop(field.name) for field in fields(Installed)})
    programs, networks = given.pop("programs"), given.pop("networks")
    return Options(
        installed=installed,
        # Ratios are to ours, so it is always measured.
        programs=[name for name in NAMES if not programs or name == OURS or option(name) in programs],
        networks=[name for name in NETWORKS if not networks or name in networks],
        **given,
    )


def main() -> None:
    chosen = read_options()
    warn_of_load()
    day = datetime.now(UTC).date()
    with scratch_folder("bench-peers") as scratch:
        results = measure(chosen, scratch)
    print(render(chosen, results))
    warn_of_others(results.others_share())
    for name, network in results.networks.items():
        check_losses(name, network.train_losses())
    if chosen.markdown:
        any_work = chosen.work(chosen.networks[0], seed=1)
        text = document.render(results, any_work, chosen.rounds, chosen.command, day, chosen.markdown)
        write_whole(chosen.markdown, text)
        say(f"wrote {chosen.markdown}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
