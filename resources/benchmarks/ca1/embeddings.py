"""The embeddings of the CA1 neurons, learned without labels."""

import hashlib
import importlib
import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import torch

from morphoflow.analysis.combination import combine
from morphoflow.embedding import make_embedding
from morphoflow.model import Model
from morphoflow.plan.models import COMBINATION, read_models, settings_of
from morphoflow.splits import assign_splits
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit

RESULTS = Path("results/ca1")
# Each neuron by itself: what is validated here is only when to stop, and nothing has a label.
LEARNED_FROM = {"train": 0.85, "validation": 0.15, "test": 0.0}


def read_table(path: Path, only: list[str] | None) -> dict[str, list[int]]:
    """The seeds of each ``model/variant`` in a table of runs, or of those in ``only``."""
    rows = pd.read_csv(path, sep="\t")
    names = rows["model"] + "/" + rows["variant"]
    found = {name: sorted(part["seed"]) for name, part in rows.groupby(names, sort=False)}
    return {name: seeds for name, seeds in found.items() if not only or name in only}


class Embeddings:
    """Embeddings of all neurons; ``objects`` is the object table in the order of the samples.

    They are kept in ``results/ca1/learned``, which is to be removed after a change of code or
    samples.
    """

    def __init__(self, combinations: dict) -> None:
        self.combinations = combinations
        self.models = read_models(Path("config/models"))
        forms = ("walks", "morphometrics", "densities", "barcodes")
        self.samples = {form: read_samples(RESULTS / f"samples/{form}.zarr") for form in forms}
        objects = read_objects(RESULTS / "objects.parquet")
        self.objects = align_objects(objects, self.samples["walks"].ids, "walks")

    def learned(self, name: str, seed: int, held: np.ndarray | None = None) -> anndata.AnnData:
        """The embedding by ``model/variant``, learned from 85 % of the neurons of each class.

        It is learned without labels from any neurons, or, where some are ``held`` (n,) out, from
        the others and their labels.
        """
        model, variant = name.split("/")
        labels, ids = self.objects["label"], self.objects["id"]
        generator = np.random.default_rng(seed)
        split = assign_splits(labels, ids, LEARNED_FROM, generator)
        seen = None
        if held is not None:
            split, seen = np.where(held, "test", split), labels.where(~held, None)
        objects = self.objects.assign(split=split)
        if model == COMBINATION:
            members = self.combinations[variant]
            sets = [self.learned(member, seed, held) for member in members]
            return make_embedding(*combine(sets, list(members.values())), {})
        settings = settings_of(self.models, model, variant)
        key = json.dumps([settings, split.tolist(), held is None])
        digest = hashlib.sha256(key.encode()).hexdigest()[:12]
        path = RESULTS / f"learned/{model}_{variant}_{seed}_{digest}.npy"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, self._learn(model, settings, objects.assign(label=seen), seed))
        return make_embedding(np.load(path), objects, {})

    def _learn(self, model: str, settings: dict, objects: pd.DataFrame, seed: int) -> np.ndarray:
        module = importlib.import_module(f"morphoflow.models.{model}")
        samples, device = self.samples[self.models[model]["form"]], torch.device("cpu")
        if not self.models[model]["trained"]:
            fitted = Model(model, settings, *module.fit(samples, objects, settings, seed), {})
            return module.embed(fitted, samples, device)
        fabric = make_fabric(gpus=0, precision=settings["precision"], threads=1)
        learner = module.build(samples, objects, settings, seed, device)
        trained = fit(
            learner,
            epochs=settings["epochs"],
            patience=settings["patience"],
            seed=seed,
            fabric=fabric,
            checkpoint=RESULTS / "learned/checkpoint",
        )
        weights = trained.last if settings.get("keep") == "last" else trained.best
        trained.finish()
        fitted = Model(model, settings, learner.facts, weights, {})
        return module.embed(fitted, samples, device)
