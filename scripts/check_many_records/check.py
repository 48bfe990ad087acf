"""Writes 10,000 records like one of a run, and measures what `status` and `report` take of them. See ../check-many-records."""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

ARMS, SEEDS = 2_000, 5
LIMIT_S, LIMIT_BYTES = 10.0, 10**9
CHANGED_PREDICTIONS = 30  # a record's predictions differ from the first one's by about a seed's worth


def first_record(run):
    for trial in sorted(os.listdir(f"{run}/trials")):
        path = f"{run}/trials/{trial}/record.json"
        if os.path.exists(path):
            with open(path) as file:
                return json.load(file)
    sys.exit(f"error: {run} has no record")


def write_run(record, root):
    draw = random.Random(0)
    plan = {"study": "many-records", "trials": [], "costs": []}
    predictions = record["test"]["predictions"]
    classes = len(record["test"]["confusion"])
    for seed in range(1, SEEDS + 1):
        for arm in range(ARMS):
            name, id = f"arm {arm}", f"arm-{arm}-s{seed}"
            changed = list(predictions)
            for image in draw.sample(range(len(changed)), CHANGED_PREDICTIONS):
                changed[image] = (changed[image] + 1) % classes
            validation = dict(record["validation"], errors=draw.randrange(record["validation"]["images"] // 10))
            test = dict(record["test"], predictions=changed)
            written = dict(record, id=id, arm=name, seed=seed, validation=validation, test=test)
            os.makedirs(f"{root}/trials/{id}")
            with open(f"{root}/trials/{id}/record.json", "w") as file:
                json.dump(written, file, separators=(",", ":"))
            plan["trials"].append({"id": id, "arm": name, "seed": seed, "spec": {"train": {"epochs": 10}}})
    with open(f"{root}/plan.json", "w") as file:
        json.dump(plan, file)


def measure(pool_cli, command, root):
    start = time.monotonic()
    process = subprocess.Popen([pool_cli, command, root], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds, peak = time.monotonic() - start, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"{command}: {seconds:.1f} s, {peak / 2**20:.0f} MiB")
    if status != 0:
        sys.exit(f"error: {command} ended with {os.waitstatus_to_exitcode(status)}")
    if seconds > LIMIT_S or peak > LIMIT_BYTES:
        sys.exit(f"error: {command} may take {LIMIT_S:.0f} s and {LIMIT_BYTES / 10**9:.0f} GB")


def main():
    pool_cli, run = sys.argv[1:]
    record = first_record(run)
    with tempfile.TemporaryDirectory() as folder:
        write_run(record, folder)
        print(f"{ARMS * SEEDS} records of {len(json.dumps(record, separators=(',', ':'))) / 1000:.0f} kB")
        for command in ["status", "report"]:
            measure(pool_cli, command, folder)


main()
