"""The training loop in processes that are really killed, and in two that train together."""

import os
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import training_together
import training_toy
from morphoflow.training.checkpoint import CURRENT, PREVIOUS
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit
from places import SCRIPTS, SUPPORT
from training_together import EXACT, OTHERS
from training_toy import SEED, Toy, digest

EPOCHS = 4


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


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What each of two processes has after they have trained all learners together."""
    folder = tmp_path_factory.mktemp("together")
    path = os.pathsep.join([str(SCRIPTS), str(SUPPORT)])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    line = [sys.executable, training_together.__file__, str(folder)]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return {
        name: [pickle.loads((folder / f"{name}_{rank}").read_bytes()) for rank in (0, 1)]
        for name in EXACT | OTHERS
    }


@pytest.mark.parametrize("name", EXACT)
def test_two_processes_train_as_one(together, name, tmp_path):
    fabric = make_fabric(gpus=0, precision="32-true", threads=1)
    learner, alone = training_together.train(name, fabric, tmp_path)
    fitted = together[name][0]["fitted"]
    for loss in ("train_loss", "validation_loss"):
        losses = np.frombuffer(fitted["history"][loss])
        np.testing.assert_allclose(losses, alone.history[loss], rtol=1e-5)
    for key, weights in alone.last.items():
        # Adam divides by the size of a gradient, also where that is but a rounding error.
        if name != "point_ae":
            shared = np.frombuffer(fitted["last"][key], np.float32)
            np.testing.assert_allclose(shared, weights.ravel(), rtol=1e-4, atol=1e-5)
    parts = (part["seen"] for part in together[name])
    for batch, *shares in zip(getattr(learner, "seen", []), *parts, strict=True):
        assert set(batch) == set(shares[0]) | set(shares[1])


@pytest.mark.parametrize("name", EXACT | OTHERS)
def test_two_processes_end_with_the_same_weights_and_history(together, name):
    first, second = (part["fitted"] for part in together[name])
    assert first["history"] == second["history"]
    for key in first["last"]:
        # Statistics of batches are those of a process's shares; the first one's are saved.
        if not key.split(".")[-1].startswith(("running_", "num_batches")):
            assert first["last"][key] == second["last"][key], key


@pytest.mark.parametrize("name", EXACT | OTHERS)
def test_a_step_sends_its_gradients_in_one_message(together, name):
    # A GAN's step trains its two networks one after the other.
    expected = 2 if name == "progressive_gan" else 1
    assert {*together[name][0]["messages"]} == {expected}
