"""A small MorphVAE, and walks for it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch

from model_settings import model_of, settings
from morphoflow.model import Model
from morphoflow.models.morphvae import model as morphvae
from morphoflow.models.morphvae.latents import decode_latents, walk_latents
from morphoflow.models.morphvae.walks import distinct_walks

CPU = torch.device("cpu")
STEPS = 6
SETTINGS = settings("morphvae", embedding_size=8, hidden_size=8, latent_size=4, batch_size=8)
# Nothing is random: no dropout, true nodes only, a draw that is the mean direction.
CERTAIN = {"dropout": 0.0, "teacher_forcing": 1.0, "kappa": 1e14}


def walks(n: int = 12, n_walks: int = 10, seed: int = 0, length: int | None = None):
    """Random walks of two classes, straight and winding; some of a neuron's walks are equal."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, STEPS + 1, (n, n_walks)) if length is None else length
    lengths = np.broadcast_to(lengths, (n, n_walks)).astype(np.int64).copy()
    kind = np.arange(n) % 2
    step = rng.normal(0, 0.5, (n, n_walks, STEPS, 3)) + (1 - kind[:, None, None, None])
    step[:, :, 0] = 0
    x = (20 * step.cumsum(axis=2)).astype(np.float32)
    x[:, 1::3], lengths[:, 1::3] = x[:, :1], lengths[:, :1]
    x[np.arange(STEPS) >= lengths[..., None]] = 0
    ids = np.array([f"n{k:02d}" for k in range(n)])
    samples = SimpleNamespace(x=x, length=lengths, ids=ids)
    split = np.where(np.arange(n) // 2 % 4 == 3, "validation", "train")
    label = np.array(["straight", "winding"])[kind]
    return samples, pd.DataFrame({"id": ids, "label": label, "split": split})


def build(samples=None, objects=None, seed: int = 0, **changes):
    default = walks()
    samples = default[0] if samples is None else samples
    objects = default[1] if objects is None else objects
    return morphvae.build(samples, objects, SETTINGS | changes, seed, CPU)


def as_model(learner) -> Model:
    return model_of("morphvae", learner.settings, learner.facts, learner.state())


def decoded_walks(model, x, length) -> tuple[np.ndarray, np.ndarray]:
    """Every walk of ``x`` (n, walks, steps, 3), ``length`` (n, walks), encoded and decoded."""
    nodes, lengths = np.empty_like(x), np.empty_like(length)
    for i, z in enumerate(walk_latents(model, x, length, CPU)):
        _, _, which = distinct_walks(x[i], length[i])
        made, ends = decode_latents(model, z, CPU)
        nodes[i], lengths[i] = made[which], ends[which]
    return nodes, lengths
