"""Learners that several processes train together over gloo; run as a script, it is one of two.

Each process saves what it ends with as ``<learner>_<rank>``, and how many messages each step sent.
"""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import zarr
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment

import small_contrastive
import small_flow
import small_morphvae
import small_o2vae
import small_point_ae
import small_progressive_gan
import small_volume_vae
from morphoflow.models.contrastive import model as contrastive
from morphoflow.models.o2vae import model as o2vae
from morphoflow.models.point_ae import model as point_ae
from morphoflow.models.volume_vae import model as volume_vae
from morphoflow.store import Samples
from morphoflow.training.devices import make_deterministic
from morphoflow.training.loop import Fitted, fit
from synthetic_cells import ellipse_crops
from training_toy import SEED, SHARED, Toy, digest

CPU = torch.device("cpu")


def points():
    n = 40
    x = small_point_ae.samples(small_point_ae.shapes(n=n, k=48))
    return point_ae.build(x, small_point_ae.objects(n), small_point_ae.SETTINGS, 0, CPU)


def volumes():
    n = 24
    x = small_volume_vae.store(small_volume_vae.blobs_and_rods(n=n, size=16))
    return volume_vae.build(x, small_volume_vae.objects(n), small_volume_vae.SETTINGS, 0, CPU)


def cells():
    # The last batch has three images: two for one process, one for the other.
    x, objects = ellipse_crops(60, 32, 2)[0], small_o2vae.objects(60)
    settings = small_o2vae.SETTINGS | {"batch_size": 11}
    return o2vae.build(_samples(x, objects), objects, settings, 0, CPU)


def contrasts():
    x, objects = small_contrastive.shapes(0), small_contrastive.objects()
    return contrastive.build(_samples(x, objects), objects, small_contrastive.SETTINGS, 0, CPU)


def _samples(x, objects):
    return Samples(zarr.array(x), np.array(objects["id"]), None, None, None, {})


# Those in which nothing is random and each item counts for itself: they train as one process does.
EXACT = {
    "toy": lambda: Toy(**SHARED),
    "morphvae": lambda: small_morphvae.build(**small_morphvae.CERTAIN),
    "point_ae": points,
}
# Those that draw noise, or normalise or compare within the share of a process.
OTHERS = {
    "volume_vae": volumes,
    "o2vae": cells,
    "contrastive": contrasts,
    "progressive_gan": small_progressive_gan.built,
    "flow": small_flow.built,
}
EPOCHS = {"toy": 4, "morphvae": 2, "point_ae": 2}


def train(
    name: str, fabric: Fabric, folder: Path, watched: Callable = lambda learner: None
) -> tuple[object, Fitted]:
    """Train a learner from the start; ``watched`` is called with it before."""
    learner = (EXACT | OTHERS)[name]()
    watched(learner)
    epochs = EPOCHS.get(name, 1)
    checkpoint = folder / name
    fitted = fit(
        learner, epochs=epochs, patience=0, seed=SEED, fabric=fabric, checkpoint=checkpoint
    )
    return learner, fitted


def counting_messages(messages: list[int]) -> Callable:
    """A function that makes a learner add to ``messages`` how many each of its steps sends."""
    send, sent = torch.distributed.all_reduce, []
    torch.distributed.all_reduce = lambda *what, **how: (sent.append(1), send(*what, **how))[1]

    def watched(learner) -> None:
        step = learner.step

        def counted(*given):
            before = len(sent)
            values = step(*given)
            messages.append(len(sent) - before)
            return values

        learner.step = counted

    return watched


def _main(folder: Path) -> None:
    fabric = Fabric(
        accelerator="cpu",
        devices=2,
        strategy="ddp",
        precision="32-true",
        plugins=[LightningEnvironment()],
    )
    fabric.launch()
    make_deterministic(1)
    messages = []
    watched = counting_messages(messages)
    for name in EXACT | OTHERS:
        messages.clear()
        learner, fitted = train(name, fabric, folder, watched)
        result = {"fitted": digest(fitted), "seen": getattr(learner, "seen", [])}
        result["messages"] = [*messages]
        (folder / f"{name}_{fabric.global_rank}").write_bytes(pickle.dumps(result))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
