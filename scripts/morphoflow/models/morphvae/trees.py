"""Whole new neurons from a trained MorphVAE."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.file_names import without_spaces
from morphoflow.forest import Forest, concatenate
from morphoflow.model import Model
from morphoflow.models.morphvae.draws import class_draw, with_noise
from morphoflow.models.morphvae.latents import decode_latents, walk_latents
from morphoflow.models.morphvae.selection import kept_walks
from morphoflow.models.morphvae.walks import distinct_walks
from morphoflow.neurons.rebuild.rebuilder import Rebuilder, fit_rebuilder
from morphoflow.seeds import numpy_generator, torch_generator
from morphoflow.store import Samples

UNKNOWN = "unknown"
COLUMNS = ("id", "label", "reference", "towards", "share")
# Neurons that are decoded at once.
BLOCK = 64
FIT, DRAW = 0, 1

Walks = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Source:
    """The neurons that new ones are made from: ids, labels, splits, real walks and latents."""

    ids: np.ndarray
    labels: np.ndarray
    split: np.ndarray
    walks: list[Walks]
    latents: list[np.ndarray]

    def rows(self, split: str, label: str | None = None) -> np.ndarray:
        """The rows of a split and, where given, of a label; InputError if there are none."""
        chosen = (self.split == split) & ((self.labels == label) | (label is None))
        if not chosen.any():
            of = "" if label is None else f' of the label "{label}"'
            raise InputError(
                f'no neuron{of} has the split "{split}", which trees are generated from; '
                "give it a larger share of the split, or add neurons."
            )
        return np.flatnonzero(chosen)


def read_source(
    model: Model, samples: Samples, objects: pd.DataFrame, device: torch.device
) -> Source:
    """The neurons of a store of walks, encoded; ``objects`` are its rows, in order."""
    samples = kept_walks(samples, model.settings)
    x, length = samples.x[:], samples.length
    steps = model.facts["steps"]
    if x.shape[2] != steps:
        raise InputError(
            f"the walks have up to {x.shape[2]} steps and the model was trained on {steps}; sample "
            "walks of the same number of steps, or train the model anew."
        )
    walks = []
    for nodes, of in zip(x, length, strict=True):
        first = distinct_walks(nodes, of)[0]
        walks.append((nodes[first], of[first]))
    labels = objects["label"].fillna(UNKNOWN).to_numpy(dtype=str)
    latents = walk_latents(model, x, length, device)
    return Source(samples.ids, labels, objects["split"].to_numpy(dtype=str), walks, latents)


def decode_neurons(model: Model, latents: list[np.ndarray], device: torch.device) -> list[Walks]:
    """The walks (x, length) of each neuron's latents."""
    nodes, length = decode_latents(model, np.concatenate(latents), device)
    ends = np.cumsum([len(z) for z in latents])[:-1]
    return list(zip(np.split(nodes, ends), np.split(length, ends), strict=True))


def rebuilder_of(model: Model, source: Source, settings: dict, device: torch.device) -> Rebuilder:
    """Learn to rebuild from the training neurons and the windings from the validation neurons."""
    train, validation = source.rows("train"), source.rows("validation")
    decoded = {}
    for i in np.concatenate([train, validation]):
        noise = torch_generator(settings["seed"], "noise", FIT, int(i))
        z = with_noise(source.latents[i], settings["kappa"], model.settings["latent"], noise)
        (decoded[i],) = decode_neurons(model, [z], device)
    real = [source.walks[i] for i in train]
    held_out = [source.walks[i] for i in validation], [decoded[i] for i in validation]
    return fit_rebuilder(
        real,
        [decoded[i] for i in train],
        held_out,
        residual=settings["residual"],
        largest_turn_deg=settings["largest_turn_deg"],
    )


def make_trees(
    model: Model, samples: Samples, objects: pd.DataFrame, settings: dict, device: torch.device
) -> tuple[Forest, pd.DataFrame]:
    """New neurons of each class, and a table of what each was made from (COLUMNS).

    ``settings`` are ``number`` (neurons of each class), ``seed``, ``way``, ``kappa`` (None: no
    noise), ``spread``, ``residual`` and ``largest_turn_deg``. With the way ``reference``, as
    published, a new neuron is one of the test split, each taken in turn, whose walks' latents get
    noise of the concentration ``kappa``. With the way ``class`` it is drawn from the density of
    its class in the training split, see :func:`class_draw`, with the same noise on top. Neuron k
    of a class does not depend on how many are asked for.
    """
    source = read_source(model, samples, objects, device)
    rebuilder = rebuilder_of(model, source, settings, device)
    rows, latents, streams = [], [], []
    labels = [str(label) for label in np.unique(source.labels)]
    names = without_spaces(labels)
    for number, label in enumerate(labels):
        for k in range(settings["number"]):
            rng = numpy_generator(settings["seed"], "sampling", number, k)
            noise = torch_generator(settings["seed"], "noise", DRAW, number, k)
            z, origin = _latents(model, source, label, k, settings, rng)
            latents.append(with_noise(z, settings["kappa"], model.settings["latent"], noise))
            rows.append((f"generated_{names[label]}_{k:04d}", label, *origin))
            streams.append(rng)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    parts = []
    for first in range(0, len(rows), BLOCK):
        block = slice(first, first + BLOCK)
        walks = decode_neurons(model, latents[block], device)
        parts.append(rebuilder.trees(table["id"].tolist()[block], walks, streams[block]))
    return concatenate(parts), table


def _latents(
    model: Model, source: Source, label: str, k: int, settings: dict, rng: np.random.Generator
) -> tuple[np.ndarray, tuple[str, str, float]]:
    """The latents of the k-th new neuron of a class, and where they come from."""
    if settings["way"] == "reference":
        rows = source.rows("test", label)
        chosen = rows[k % len(rows)]
        return source.latents[chosen], (str(source.ids[chosen]), "", 0.0)
    rows = source.rows("train", label)
    clouds = [source.latents[i] for i in rows]
    z, (first, second, share) = class_draw(
        clouds, settings["spread"], model.settings["latent"], rng
    )
    return z, (str(source.ids[rows[first]]), str(source.ids[rows[second]]), share)
