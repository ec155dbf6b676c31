"""A model that sees labels, trained anew without each fold of the objects, and how well it does."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.analysis.prediction_scores import split_scores
from morphoflow.analysis.scores import score_table
from morphoflow.command import run
from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.interface import Trained, load_model, model_file
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects, write_table
from morphoflow.training.checkpoint import checkpoint_folder
from morphoflow.training.fabric import make_fabric
from morphoflow.training.in_folds import RETRAINED, predict_in_folds
from morphoflow.training.loop import fit


def main(
    *,
    dataset: str,
    model: str,
    variant: str,
    code: str,
    settings: dict,
    analysis: dict,
    seed: int,
    samples: Path,
    objects: Path,
    predictions: Path,
    scores: Path,
    checkpoints: Path,
    gpus: int,
    threads: int,
) -> None:
    """Train ``model`` once for each fold; ``analysis`` holds ``folds`` and ``bootstraps``."""
    if settings.get("start_from"):
        raise InputError(
            f"{model}/{variant} starts from {settings['start_from']}, which may have seen what a "
            "fold holds out; retrain a variant without start_from."
        )
    store = read_samples(samples)
    rows = align_objects(read_objects(objects), store.ids, str(samples))
    modules = (str(model_file(code)),)
    inputs, used = [samples, objects], {**settings, **analysis}
    record = provenance(inputs=inputs, settings=used, seed=seed, modules=modules)
    fabric = make_fabric(gpus=gpus, precision=settings["precision"], threads=threads)

    def learn(split: pd.DataFrame, fold: int) -> np.ndarray:
        learner = load_model(code, Trained).build(store, split, settings, seed, fabric.device)
        fitted = fit(
            learner,
            epochs=settings["epochs"],
            patience=settings["patience"],
            seed=seed,
            fabric=fabric,
            checkpoint=checkpoint_folder(checkpoints, model=model, fold=fold, **record),
            unit="objects",
        )
        weights = fitted.last if settings.get("keep") == "last" else fitted.best
        fitted.finish()
        trained = Model(model, code, settings, learner.facts, weights, {})
        return load_model(code, Trained).embed(trained, store, fabric.device)

    table = predict_in_folds(rows, learn, analysis["folds"], seed)
    groups = rows["group"].to_numpy(dtype=object)
    named = {"dataset": dataset, "model": model, "variant": variant, "seed": seed}
    found = split_scores(table, RETRAINED, groups, analysis["bootstraps"], seed)
    table.insert(0, "id", rows["id"].to_numpy(dtype=object)[table["row"]])
    write_table(predictions, table.drop(columns="row"), record)
    write_table(scores, score_table(named, found), record)
    right = {row["score"]: row["value"] for row in found}
    print(f"balanced accuracy {right['logistic_balanced_accuracy']:.3f} (logistic regression)")


if __name__ == "__main__":
    run(main)
