"""pool-cli and the device that is checked."""

from dataclasses import dataclass, field

CPU = "cpu"


@dataclass(frozen=True)
class PoolCli:
    """`path` is the program. `settings` are variables of its environment, which say where a libtorch with CUDA lies.
    They are not for PyTorch, which has a libtorch of its own."""

    path: str
    device: str
    settings: list[str] = field(default_factory=list)

    @property
    def on_cuda(self) -> bool:
        return self.device != CPU

    def fast(self) -> list[str]:
        """The command that starts it as it is."""
        return ["env", *self.settings, self.path]

    def exact(self) -> list[str]:
        """The command that starts it without products in TF32, which would be off by a thousandth."""
        return ["env", *self.settings, "NVIDIA_TF32_OVERRIDE=0", self.path]
