"""Two processes that train one model together, for gpu_check.py: saves each one's last weights.

    python gpu_check_together.py cpu|cuda FOLDER

It starts itself once more, as a training on two GPUs does. Saves ``FOLDER/<rank>.pt``.
"""

import sys
from pathlib import Path

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment

from gpu.cases import first_steps, made
from model_settings import settings
from morphoflow.training.devices import make_deterministic
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit


def on_cpus() -> Fabric:
    """Two processes on the CPU, which talk by gloo."""
    environment = LightningEnvironment()
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp", plugins=[environment])
    fabric.launch()
    make_deterministic(1)
    return fabric


def losses_and_weights(fabric: Fabric, folder: Path) -> dict:
    """What two epochs give; nothing of this model is drawn at random while it is trained."""
    chosen = settings("point_ae", "default") | {"batch_size": 4, "epochs": 2}
    learner = first_steps("point_ae", chosen, fabric, *made("point_ae"))[0].learner
    kept = {"epochs": 2, "patience": 0, "seed": 0, "fabric": fabric}
    fitted = fit(learner, **kept, checkpoint=folder / "checkpoint")
    return {"losses": torch.tensor(fitted.history["train_loss"]), "weights": fitted.last}


def main(accelerator: str, folder: Path) -> None:
    """Train in two processes, of which each saves what it ends with."""
    fabric = on_cpus() if accelerator == "cpu" else make_fabric(2, "32-true", 1)
    torch.save(losses_and_weights(fabric, folder), folder / f"{fabric.global_rank}.pt")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
