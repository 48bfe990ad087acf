"""The machine's own peak: how many floating-point operations a second the fastest of many matrix products does.

Started with the number of threads, in a fresh process with PyTorch; prints floating-point operations a second.
"""

import os
import sys
import time

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch

SIDE = 2048
REPETITIONS = 20


def main() -> None:
    torch.set_num_threads(int(sys.argv[1]))
    a, b = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    product = torch.empty(SIDE, SIDE)
    best_s = float("inf")
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        torch.mm(a, b, out=product)
        best_s = min(best_s, time.perf_counter() - start)
    print(2 * SIDE**3 / best_s)


if __name__ == "__main__":
    main()
