"""Starts the peers: programs that take a Work as JSON and print one line of JSON with what it took."""

import json
import tomllib
from dataclasses import fields
from pathlib import Path

from measurement import Facts, Measurement
from process import run
from work import Work

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent


def keras(python: str, work: Work) -> list[str]:
    """The command."""
    return [python, str(HERE / "keras_peer.py"), work.to_json()]


def pytorch(python: str, way: str, work: Work) -> list[str]:
    """The command."""
    return [python, str(HERE / "pytorch_peer.py"), work.to_json(), way]


def measure_keras(python: str, work: Work) -> Measurement:
    return measure(keras(python, work))


def measure_pytorch(python: str, way: str, work: Work) -> Measurement:
    return measure(pytorch(python, way, work))


def measure_jax(python: str, work: Work) -> Measurement:
    return measure([python, str(HERE / "jax_peer.py"), work.to_json()])


def measure_stock_tch(program: str, work: Work) -> Measurement:
    return measure([program, work.to_json()], prefix=f"tch {tch_version()}, ")


def measure_rust(program: str, framework: str, work: Work) -> Measurement:
    return measure([*with_threads(work.threads), program, framework, work.to_json()])


def gemm_flop_per_s(python: str, rust_peers: str, threads: int) -> dict[str, float]:
    """Of PyTorch's library and of the gemm crate, by name."""
    pytorch = run([python, str(HERE / "gemm_peak.py"), str(threads)])
    crate = run([*with_threads(threads), rust_peers, "gemm-peak"])
    return {"PyTorch": float(pytorch.stdout), "the gemm crate": float(crate.stdout)}


def with_threads(threads: int) -> list[str]:
    """burn, candle and gemm compute on rayon's threads."""
    return ["env", f"RAYON_NUM_THREADS={threads}"]


def measure(command: list[str], prefix: str = "") -> Measurement:
    finished = run(command)
    result = json.loads(finished.stdout)
    return Measurement(
        program=prefix + result["program"],
        facts=facts(result),
        epoch_s=result["epoch_s"][1:],
        train_loss=result["train_loss"][1],
        prediction_s=result["prediction_s"],
        latency_s=result["latency_s"],
        test_error=result["test_error"],
        peak_bytes=finished.peak_bytes,
        added_peak_bytes=result["added_peak_bytes"],
        others_share=finished.others_share,
    )


def facts(result: dict) -> Facts:
    """Of what a peer printed."""
    return Facts(**{field.name: result[field.name] for field in fields(Facts)})


def tch_version() -> str:
    locked = tomllib.loads((REPOSITORY / "Cargo.lock").read_text())
    return next(package["version"] for package in locked["package"] if package["name"] == "tch")
