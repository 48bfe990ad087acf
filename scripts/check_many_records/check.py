"""Writes 10,000 records like one of a run, and measures what `sweep`, `status` and `report` take of them. See
../check-many-records."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time

ARMS, SEEDS = 2_000, 5
# What each command may take.
LIMIT_S, LIMIT_BYTES = float(os.environ.get("LIMIT_S", "3")), 5 * 10**8
CHANGED_PREDICTIONS = 30  # a record's predictions differ from the first one's by about a seed's worth


def first_record(run):
    for trial in sorted(os.listdir(f"{run}/trials")):
        path = f"{run}/trials/{trial}/record.json"
        if os.path.exists(path):
            with open(path) as file:
                return json.load(file)
    sys.exit(f"error: {run} has no record")


def write_sweep(path):
    """2,000 different pooling layers, on generated images, so that no data set is needed, in a small network, so that a
    sweep does not ask for room for weights that nobody writes here."""
    arms = (
        f'[[arm]]\nname = "arm {arm}"\npool = {{ reduce = {{ lp = {{ p = {1 + arm / 1000} }} }}, size = 2 }}\n'
        for arm in range(ARMS)
    )
    with open(path, "w") as file:
        file.write(f'study = "many-records"\nseeds = {list(range(1, SEEDS + 1))}\n')
        file.write('[data]\ndataset = "generated"\n[train]\nepochs = 1\n[costs]\nepochs = 0\n')
        file.write('[model]\nlayers = ["pool", "flatten", { dense = { units = 4 } }]\n')
        file.writelines(arms)


def write_records(record, root):
    """A record in every folder that `sweep --prepare` has made, with the settings that stand there."""
    draw = random.Random(0)
    predictions = record["test"]["predictions"]
    classes = len(record["test"]["confusion"])
    trials = sorted(os.listdir(f"{root}/trials"))
    for id in trials:
        with open(f"{root}/trials/{id}/spec.json") as file:
            spec = json.load(file)
        changed = list(predictions)
        for image in draw.sample(range(len(changed)), CHANGED_PREDICTIONS):
            changed[image] = (changed[image] + 1) % classes
        validation = dict(record["validation"], errors=draw.randrange(record["validation"]["images"] // 10))
        test = dict(record["test"], predictions=changed)
        written = dict(record, id=id, spec=spec, validation=validation, test=test)
        with open(f"{root}/trials/{id}/record.json", "w") as file:
            json.dump(written, file, separators=(",", ":"))
    return len(trials)


def measure(name, command):
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds, peak = time.monotonic() - start, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"{name}: {seconds:.1f} s, {peak / 2**20:.0f} MiB")
    if status != 0:
        sys.exit(f"error: {name} ended with {os.waitstatus_to_exitcode(status)}")
    if seconds > LIMIT_S or peak > LIMIT_BYTES:
        sys.exit(f"error: {name} may take {LIMIT_S:.0f} s and {LIMIT_BYTES / 10**6:.0f} MB")


def main():
    pool_cli, run = sys.argv[1:]
    record = first_record(run)
    with tempfile.TemporaryDirectory() as folder:
        sweep_file, root = f"{folder}/sweep.toml", f"{folder}/run"
        write_sweep(sweep_file)
        sweep = [pool_cli, "sweep", sweep_file, "--out", root]
        subprocess.run([*sweep, "--prepare"], check=True, stdout=subprocess.DEVNULL)
        count = write_records(record, root)
        os.sync()  # Nothing that follows waits for the disk.
        print(f"{count} records of {len(json.dumps(record, separators=(',', ':'))) / 1000:.0f} kB")
        measure("sweep", sweep)
        measure("status", [pool_cli, "status", root])
        measure("report", [pool_cli, "report", root])


main()
