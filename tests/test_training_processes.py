"""The training loop in processes that are really killed, and in two that train together."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import training_toy
from morphoflow.training.checkpoint import CURRENT, PREVIOUS
from morphoflow.training.devices import make_fabric
from morphoflow.training.loop import fit
from training_toy import SEED, SHARED, Toy, digest

EPOCHS = 4
SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def start(tmp_path):
    """Start the toy training in a process of its own; it is ended with the test at the latest."""
    processes = []

    def start(*options):
        environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, training_toy.__file__, tmp_path, "--epochs", EPOCHS, *options]
        process = subprocess.Popen(
            list(map(str, command)), env=environment, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def wait_for(path, process):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    path.unlink()


def train(folder, learner):
    fabric = make_fabric(gpus=0, precision="32-true", threads=1)
    return fit(
        learner, epochs=EPOCHS, patience=0, seed=SEED, fabric=fabric, checkpoint=folder, seconds=300
    )


def test_a_run_killed_and_then_terminated_resumes_to_equal_bytes(start, tmp_path):
    killed = start("--slow", 8, "--seconds", 0.5)
    wait_for(tmp_path / "reached", killed)
    wait_for_checkpoints(tmp_path / "checkpoint")
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL

    terminated = start("--slow", 3)
    wait_for(tmp_path / "reached", terminated)
    terminated.send_signal(signal.SIGTERM)
    _, said = terminated.communicate(timeout=60)
    assert terminated.returncode == 143
    assert "resumed after epoch" in said and "SIGTERM after epoch" in said

    learner, whole = Toy(), Toy()
    resumed = train(tmp_path / "checkpoint", learner)
    assert digest(resumed) == digest(train(tmp_path / "whole", whole))
    assert 0 < learner.begun < whole.begun


def wait_for_checkpoints(folder):
    deadline = time.monotonic() + 60
    while not ((folder / CURRENT).exists() and (folder / PREVIOUS).exists()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_processes_train_as_one(start, tmp_path):
    process = start("--processes", 2)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    results = [torch.load(tmp_path / f"result{rank}.pt") for rank in (0, 1)]
    assert results[0]["fitted"] == results[1]["fitted"]

    learner = Toy(**SHARED)
    alone = train(tmp_path / "alone", learner)
    for batch, *parts in zip(learner.seen, *(result["seen"] for result in results), strict=True):
        assert set(batch) == set(parts[0]) | set(parts[1])
    for name, weights in alone.last.items():
        together = np.frombuffer(results[0]["fitted"]["last"][name], np.float32)
        np.testing.assert_allclose(together, weights.ravel(), rtol=1e-4, atol=1e-5)
    losses = np.frombuffer(results[0]["fitted"]["history"]["train_loss"])
    np.testing.assert_allclose(losses, alone.history["train_loss"], rtol=1e-5)
