"""The embeddings of the neurons of a dataset, learned without labels or in each fold anew."""

import hashlib
import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import torch
import yaml

from morphoflow.analysis.combination import combine
from morphoflow.embedding import make_embedding
from morphoflow.model import Model
from morphoflow.models.interface import Baseline, Trained, load_model
from morphoflow.plan.models import COMBINATION, read_models, settings_of
from morphoflow.splits import assign_splits
from morphoflow.store import Samples, read_samples
from morphoflow.tables import align_objects, read_objects
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit

# Each neuron by itself: what is validated here is only when to stop, and nothing has a label.
LEARNED_FROM = {"train": 0.85, "validation": 0.15, "test": 0.0}
CPU = torch.device("cpu")


def read_set(folder: Path, only: list[str] | None) -> tuple[str, dict, list[str], list[int]]:
    """The dataset in ``config.yaml`` of a folder, its combinations, rows and seeds.

    Rows are the ``model/variant`` of its models and combinations, or those in ``only``.
    """
    config = yaml.safe_load((folder / "config.yaml").read_text())
    ((name, dataset),) = config["neurons"].items()
    combinations = config["combinations"]
    rows = [*dataset["models"], *(f"{COMBINATION}/{each}" for each in combinations)]
    return name, combinations, only or rows, dataset["seeds"]


def learned(
    name: str,
    card: dict,
    settings: dict,
    samples: Samples,
    objects: pd.DataFrame,
    seed: int,
    checkpoint: Path,
) -> Model:
    """The model of a card, learned from the rows of ``objects`` that its split has for that."""
    code = card["code"]
    if not card["trained"]:
        made = load_model(code, Baseline).fit(samples, objects, settings, seed)
        return Model(name, code, settings, *made, {})
    fabric = make_fabric(gpus=0, precision=settings["precision"], threads=1)
    learner = load_model(code, Trained).build(samples, objects, settings, seed, CPU)
    trained = fit(
        learner,
        epochs=settings["epochs"],
        patience=settings["patience"],
        seed=seed,
        fabric=fabric,
        checkpoint=checkpoint,
    )
    weights = trained.last if settings.get("keep") == "last" else trained.best
    trained.finish()
    return Model(name, code, settings, learner.facts, weights, {})


class Embeddings:
    """Embeddings of all neurons; ``objects`` is the object table in the order of the samples.

    They are kept in ``results/DATASET/learned``, which is to be removed after a change of code or
    samples.
    """

    def __init__(self, dataset: str, combinations: dict) -> None:
        self.combinations, self.results = combinations, Path("results") / dataset
        self.models = read_models(Path("config/models"))
        self.objects = read_objects(self.results / "objects.parquet")
        self.objects = align_objects(self.objects, self._samples("morphometrics").ids, "samples")

    def _samples(self, form: str) -> Samples:
        return read_samples(self.results / f"samples/{form}.zarr")

    def learned(self, name: str, seed: int, held: np.ndarray | None = None) -> anndata.AnnData:
        """The embedding by ``model/variant``, learned from 85 % of the neurons of each class.

        It is learned without labels from any neurons, or, where some are ``held`` (n,) out, from
        the others and their labels.
        """
        model, variant = name.split("/")
        labels, ids = self.objects["label"], self.objects["id"]
        split = assign_splits(labels, ids, LEARNED_FROM, np.random.default_rng(seed))
        seen = None
        if held is not None:
            split, seen = np.where(held, "test", split), labels.where(~held, None)
        objects = self.objects.assign(split=split)
        if model == COMBINATION:
            members = self.combinations[variant]
            sets = [self.learned(member, seed, held) for member in members]
            parts = [m for m, data in zip(members, sets, strict=True) for _ in range(data.n_vars)]
            joined = combine(sets, list(members.values()))
            return make_embedding(*joined, {}, parts=parts)
        settings = settings_of(self.models, model, variant)
        key = json.dumps([settings, split.tolist(), held is None])
        digest = hashlib.sha256(key.encode()).hexdigest()[:12]
        path = self.results / f"learned/{model}_{variant}_{seed}_{digest}.npy"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            checkpoint = path.with_suffix(".checkpoint")
            card, of = self.models[model], objects.assign(label=seen)
            samples = self._samples(card["form"])
            made = learned(model, card, settings, samples, of, seed, checkpoint)
            kind = Trained if card["trained"] else Baseline
            np.save(path, load_model(card["code"], kind).embed(made, samples, CPU))
        return make_embedding(np.load(path), objects, {})
