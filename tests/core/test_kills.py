"""Whatever moment a process is killed at, results are whole, missing or named as damaged."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.store import read_samples, write_samples
from morphoflow.tables import read_table, write_table
from places import ROOT

X = np.random.default_rng(0).normal(size=(3000, 40))
NAMES = ("a.zarr", "a.parquet")
WRITE_ON = """
import sys
from pathlib import Path
from test_kills import write
print("ready", flush=True)
while True:
    write(Path(sys.argv[1]))
"""


def write(folder: Path) -> None:
    ids = [f"o{i}" for i in range(len(X))]
    write_samples(folder / NAMES[0], ids, X, axes=["n", "f"], units="um", provenance={})
    write_table(folder / NAMES[1], pd.DataFrame(X), {})


def read(folder: Path) -> None:
    np.asarray(read_samples(folder / NAMES[0]).x[:])
    read_table(folder / NAMES[1])


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_writer_leaves_nothing_that_is_half_and_silent(tmp_path, sign):
    clean, shaken = tmp_path / "clean", tmp_path / "shaken"
    clean.mkdir()
    shaken.mkdir()
    write(clean)
    chance = random.Random(int(sign))
    paths = os.pathsep.join(
        map(str, (ROOT / "scripts", ROOT / "tests/support", ROOT / "tests/core"))
    )
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITE_ON, shaken],
            env=os.environ | {"PYTHONPATH": paths},
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()
        time.sleep(chance.uniform(0.02, 0.3))
        process.send_signal(sign)
        process.wait()
        process.stdout.close()
        try:
            read(shaken)
        except InputError as error:
            assert str(shaken) in str(error)
        else:
            assert all(sha256(shaken / name) == sha256(clean / name) for name in NAMES)
    write(shaken)
    assert sha256(shaken) == sha256(clean)
