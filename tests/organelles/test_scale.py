"""The first pass over a volume takes the memory of a few blocks, however large the volume."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from places import SCRIPTS

# ru_maxrss would do, but for a child it begins with the memory of the test runner.
STATUS = Path("/proc/self/status")
pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="no /proc to read the peak from")

BLOCK = [32, 128, 128]
BLOCK_MB = 32 * 128 * 128 * 9 / 2**20
# Counts a volume that is made as it is read, so that its size costs nothing else: cubes of 32
# voxels, one in eight an object. Compiling comes before the first reading of the peak.
COUNTING = """
import json, sys
import numpy as np
from morphoflow.organelles.counting.order import blocks_of_part
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.counting.part import count_part
from morphoflow.organelles.volumes.source import Source

class Generated:
    path, chunks, voxel_size_nm = "memory", (32, 128, 128), None
    def __init__(self, shape, dtype, greedy):
        self.shape, self.dtype, self.greedy, self.held = shape, np.dtype(dtype), greedy, []
    def read(self, box):
        z, y, x = np.ogrid[box.slices]
        cubes = (z // 32) * 4096 + (y // 32) * 64 + x // 32 + 1
        objects = (z // 32 % 2 == 0) & (y // 32 % 2 == 0) & (x // 32 % 2 == 0)
        values = (cubes * objects).astype(self.dtype)
        self.held += [values] * self.greedy
        return values

def count(depth, greedy):
    shape = (depth, 256, 256)
    source = Source(Generated(shape, "u8", greedy), Generated(shape, "u1", False), (30., 8., 8.))
    table, _ = count_part(source, blocks_of_part(shape, tuple(block), 0, 1))
    return len(table)

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

block, depths, greedy = json.loads(sys.argv[1])
count(64, False)
found = []
for depth in depths:
    found.append([count(depth, greedy), peak()])
print(json.dumps(found))
"""


def counted(depths: list[int], *, greedy: bool) -> list[list[float]]:
    """Objects, and the peak resident set (MB) of the process, after each of the volumes."""
    command = [sys.executable, "-c", COUNTING, json.dumps([BLOCK, depths, greedy])]
    environment = {"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def test_a_volume_ten_times_larger_takes_no_more_memory():
    (few, small), (many, large) = counted([128, 1280], greedy=False)
    assert (few, many) == (2 * 16, 20 * 16)
    # Labels and EM of the larger volume are 720 MB, those of a block 4.5 MB.
    assert large - small < 4 * BLOCK_MB


def test_the_bound_is_below_what_a_volume_in_memory_takes():
    (_, small), (_, large) = counted([128, 640], greedy=True)
    assert large - small > 4 * BLOCK_MB
