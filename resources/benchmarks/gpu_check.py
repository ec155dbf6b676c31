"""What a machine's GPUs make of every model: one table to send back, ``gpu_check.tsv``.

Each model takes steps on the CPU and, where there is one, on a GPU, in the settings of its default
variant on small made samples; a training is stopped and resumed; two processes train together, on
two GPUs where there are two and on the CPU in any case; 3-D convolutions in channels-last and
recurrent layers are repeated. Without a GPU it is a dry run on the CPU, and says so. The figures
hold for the small samples, not for data of another size.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch
from gpu_check_together import losses_and_weights

from gpu.cases import FEW, OneDevice, first_steps, made, variants
from model_settings import settings
from morphoflow.models.morphvae.recurrent import LSTM
from morphoflow.training.devices import hardware, make_deterministic
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit

CPU = torch.device("cpu")
STEPS = 5


def main() -> None:
    """Check, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("gpu_check.tsv"))
    parser.add_argument("--models", nargs="*")
    asked = parser.parse_args()
    make_deterministic(1)
    devices = [CPU, *[torch.device("cuda", k) for k in range(torch.cuda.device_count())]]
    if len(devices) == 1:
        print(f"torch {torch.__version__} sees no GPU: this is a dry run on the CPU.")
    models = [model for model, variant in variants().values() if variant == "default"]
    rows = [
        row
        for device in devices
        for row in [
            *(checked("step", model, steps, model, device) for model in asked.models or models),
            checked("resumed", "vae", resumed, device),
            *(checked("repeated", layers, repeated, layers, device) for layers in REPEATED),
        ]
    ]
    rows.append(checked("together", "point_ae", together, "cpu", CPU))
    if len(devices) > 2:
        rows.append(checked("together", "point_ae", together, "cuda", devices[1]))
    table = pd.DataFrame(rows)
    table.to_csv(asked.output, sep="\t", index=False)
    print(table.to_string(index=False))
    print(f"\nPlease send back {asked.output.resolve()}")


def checked(what: str, name: str, function, *arguments) -> dict:
    """A row: what the function gives, or the error that it ended with."""
    device = arguments[-1]
    row = {"check": what, "of": name, "device": str(device), "hardware": hardware(device)}
    try:
        return row | {"result": "passed"} | function(*arguments)
    except Exception as error:
        return row | {"result": f"{type(error).__name__}: {error}".splitlines()[0]}


def steps(model: str, device: torch.device) -> dict:
    """The median time of a step and the peak of the GPU's memory."""
    chosen = settings(model, "default") | FEW.get(model, {"batch_size": 8})
    run, average = first_steps(model, chosen, OneDevice(device, "32-true"), *made(model))
    seconds = []
    for _ in range(STEPS):
        for batch in run._remaining_batches():
            start = time.perf_counter()
            run._step(batch, average)
            wait_for(device)
            seconds.append(time.perf_counter() - start)
        loss = run._end_epoch()["train_loss"]
    memory = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None
    # The first step of all chooses kernels and fills caches.
    return {"step_ms": 1000 * statistics.median(seconds[1:]), "loss": loss, "memory_mb": memory}


def resumed(device: torch.device) -> dict:
    """Whether a training that is resumed after an epoch ends with the weights of a whole one."""
    fabric = make_fabric(int(device.type == "cuda"), "32-true", 1)
    with tempfile.TemporaryDirectory() as folder:
        whole = trained(fabric, Path(folder) / "whole", 2)
        with contextlib.suppress(KeyboardInterrupt):
            trained(fabric, Path(folder) / "part", 2, stop=True)
        again = trained(fabric, Path(folder) / "part", 2)
    equal = all(torch.equal(again[name], each) for name, each in whole.items())
    return {"result": "passed" if equal else "the weights differ"}


def trained(fabric, folder: Path, epochs: int, stop: bool = False) -> dict:
    """The last weights; with ``stop`` it ends in the second epoch, behind a checkpoint."""
    chosen = settings("vae", "default") | {"batch_size": 4, "epochs": epochs}
    learner = first_steps("vae", chosen, fabric, *made("vae"))[0].learner
    if stop:
        begin = learner.start_epoch

        def start_epoch(epoch: int) -> None:
            begin(epoch)
            if epoch == 1:
                raise KeyboardInterrupt

        learner.start_epoch = start_epoch
    kept = {"epochs": epochs, "patience": 0, "seed": 0, "fabric": fabric, "checkpoint": folder}
    return fit(learner, **kept, seconds=0.0).last


def together(accelerator: str, device: torch.device) -> dict:
    """Whether two processes that share every batch end alike, with the losses of one alone."""
    script = Path(__file__).with_name("gpu_check_together.py")
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, str(script), accelerator, folder]
        done = subprocess.run(line, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        first, second = (torch.load(Path(folder) / f"{rank}.pt") for rank in (0, 1))
        fabric = make_fabric(int(accelerator == "cuda"), "32-true", 1)
        alone = losses_and_weights(fabric, Path(folder) / "alone")
    loss = {"loss": float(first["losses"][-1])}
    if any(not torch.equal(second["weights"][name], x) for name, x in first["weights"].items()):
        return {"result": "the weights differ"} | loss
    apart = float((first["losses"] / alone["losses"] - 1).abs().max())
    return {"result": "passed" if apart < 1e-4 else f"losses differ by {apart:.1e}"} | loss


def repeated(layers: str, device: torch.device) -> dict:
    """Whether the gradients of layers are equal each time."""
    network, loss = REPEATED[layers](device)
    gradients = []
    for _ in range(2):
        network.zero_grad()
        loss().backward()
        gradients.append([each.grad.clone() for each in network.parameters()])
    equal = all(torch.equal(*pair) for pair in zip(*gradients, strict=True))
    return {"result": "passed" if equal else "gradients differ from one time to the next"}


def convolutions(device: torch.device):
    """Convolutions of channels-last volumes, and a loss of theirs."""
    network = torch.nn.Sequential(torch.nn.Conv3d(8, 16, 3), torch.nn.Conv3d(16, 8, 3)).to(device)
    network.to(memory_format=torch.channels_last_3d)
    x = torch.rand(4, 8, 24, 24, 24).to(device, memory_format=torch.channels_last_3d)
    return network, lambda: network(x).square().mean()


def recurrent(device: torch.device):
    """The recurrent layers of MorphVAE over all steps at once, and a loss of theirs."""
    network = LSTM(32, 32, 2, torch.Generator().manual_seed(0)).to(device)
    x, idle = torch.rand(16, 512, 32, device=device), torch.rand(16, 512, device=device) < 0.3
    return network, lambda: torch.cat([h for h, _ in network.read(x, idle, [None])]).square().mean()


REPEATED = {"channels-last 3-D convolutions": convolutions, "recurrent layers": recurrent}


def wait_for(device: torch.device) -> None:
    """Until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
