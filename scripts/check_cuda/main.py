"""Train on a CUDA device, compare with the processor, and time PyTorch beside it. Started by scripts/check-cuda."""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from string import Template

import built_in
import machine
import pictures
import sections
import study
import times
from checks import check_losses
from messages import say
from pool_cli import PoolCli
from scratch import scratch_folder
from work import EPOCH_IMAGES

TEMPLATE = Path(__file__).with_name("section.template.md")


@dataclass(frozen=True)
class Options:
    pool_cli: PoolCli
    pytorch_python: str
    images: int
    markdown: Path | None
    command: str
    golden_differ: bool
    spent_s: float


class Parts:
    """Does one part after the other. As a device may be lent for minutes alone, one that fails stops no other, and each
    says when it begins."""

    def __init__(self, spent_s: float, all_is_well: bool) -> None:
        self.start = time.monotonic() - spent_s
        self.all_is_well = all_is_well

    def do(self, number: int, what: str, action: Callable[[], bool]) -> None:
        say(f"{number}. {what} (after {time.monotonic() - self.start:.0f} s)")
        try:
            self.all_is_well &= action()
        except SystemExit as failure:
            # A number is the exit code of a kill, which is no part's own failure.
            if not isinstance(failure.code, str):
                raise
            say(failure.code)
            self.all_is_well = False


def check(options: Options, scratch: Path, day: date) -> bool:
    """Whether all is well."""
    pool_cli, images = options.pool_cli, options.images
    data = pictures.provide(scratch)
    parts = Parts(options.spent_s, all_is_well=not options.golden_differ)
    parts.do(2, f"every built-in network on {pool_cli.device}", lambda: built_in.check(pool_cli, scratch))
    parts.do(3, f"the study's sweep on {data}", lambda: study.check(pool_cli, images, scratch))
    parts.do(4, f"times beside PyTorch on {data}", lambda: measure(options, data, scratch, day))
    return parts.all_is_well


def measure(options: Options, data: str, scratch: Path, day: date) -> bool:
    if not options.pool_cli.on_cuda:
        say("   without CUDA graphs, which a CUDA device alone has")
    found = times.measure(options.pool_cli, options.pytorch_python, options.images, scratch)
    print(f"{times.table(found).to_text()}\nseconds of an epoch of {EPOCH_IMAGES:,} images, on {found[0].device}")
    for one in found:
        check_losses(one.network, one.train_loss)
    if options.markdown:
        sections.put(options.markdown, sections.CUDA, section(options, found, data, day))
        say(f"wrote the section {sections.CUDA} of {options.markdown}")
    return True


def section(options: Options, found: list[times.Times], data: str, day: date) -> str:
    return Template(TEMPLATE.read_text()).substitute(
        date=day.isoformat(),
        command=options.command,
        device=found[0].device,
        device_name=options.pool_cli.device,
        machine=machine.describe(),
        programs="\n".join(f"- {program}" for program in found[0].programs),
        table=times.table(found).to_markdown(),
        epoch_images=f"{EPOCH_IMAGES:,}",
        images=f"{options.images:,}",
        pictures=data,
        counted=times.EPOCHS - 1,
    )


def read_options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool-cli", required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--setting", dest="settings", action="append", default=[])
    parser.add_argument("--pytorch-python", required=True)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--command", required=True)
    # What the first part found, and the seconds that it took.
    parser.add_argument("--golden-differ", action="store_true")
    parser.add_argument("--spent-s", type=float, required=True)
    given = vars(parser.parse_args())
    pool_cli = PoolCli(given.pop("pool_cli"), given.pop("device"), given.pop("settings"))
    return Options(pool_cli, **given)


def main() -> None:
    options = read_options()
    if options.markdown:
        sections.check(options.markdown, sections.CUDA)
    day = datetime.now(UTC).date()
    with scratch_folder("check-cuda") as scratch:
        agree = check(options, scratch, day)
    sys.exit(0 if agree else 1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
