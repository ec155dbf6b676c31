"""A dataset by a model that was trained on another one: what its objects are taken for."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.analysis.observed import labels_of, mark_controls, splits_of
from morphoflow.analysis.placing import Known, classify_new, place
from morphoflow.command import run
from morphoflow.embedding import LABEL_SEEN, read_embedding
from morphoflow.models.shared.embedding import embed_objects
from morphoflow.models.shared.fitting_samples import check_alike
from morphoflow.provenance import provenance
from morphoflow.rows import rows_in_order
from morphoflow.store import Samples, read_samples
from morphoflow.tables import RECOMMENDED, write_table
from morphoflow.training.devices import prepare_device


def main(
    *,
    model: Path,
    known: Path,
    clusters: Path,
    maps: Path,
    trained: Path,
    samples: Path,
    objects: Path,
    uncertainty: bool,
    size_joined: bool,
    embedding: Path,
    placed: Path,
    gpus: int,
    threads: int,
) -> None:
    """Embed new ``samples`` with the ``model``, and place them among the objects it is of.

    Of these, ``known`` is the embedding, with its ``clusters`` and ``maps``, and ``trained`` the
    samples; new ones in other units or of another size stop with a sentence.
    """
    learned = read_samples(trained)
    check_alike(read_samples(samples), learned, str(samples), str(trained))
    embed_objects(
        model=model,
        samples=samples,
        objects=objects,
        output=embedding,
        uncertainty=uncertainty,
        size_joined=size_joined,
        device=prepare_device(gpus, threads),
    )
    new, old = read_embedding(embedding), _known(known, clusters, maps, learned)
    x = np.asarray(new.X, dtype=np.float64)
    table = place(old, new.obs_names.to_numpy(dtype=object), x)
    classes, coverage, n = classify_new(old, x)
    table = pd.concat([table, classes], axis=1)
    inputs = [model, known, clusters, maps, trained, samples, objects]
    write_table(placed, table, provenance(inputs=inputs, settings={"size_joined": size_joined}))
    _say(table, coverage, n)


def _known(embedding: Path, clusters: Path, maps: Path, samples: Samples) -> Known:
    data = read_embedding(embedding)
    mark_controls(data, samples.attributes.get("controls"))
    found, points = (rows_in_order(path, data.obs_names) for path in (clusters, maps))
    splits, seen = splits_of(data.obs), data.obs[LABEL_SEEN].to_numpy(dtype=bool)
    return Known(
        ids=data.obs_names.to_numpy(dtype=object),
        x=np.asarray(data.X, dtype=np.float64),
        # A label that the model saw is no measure of how well it predicts others.
        labels=np.where(seen & (splits != "train"), None, labels_of(data.obs)),
        splits=splits,
        groups=data.obs["group"].to_numpy(dtype=object),
        clusters=found[found.attrs[RECOMMENDED]].to_numpy(),
        maps=points.drop(columns="id").dropna(axis=1),
    )


def _say(table: pd.DataFrame, coverage: float, n: int) -> None:
    far = (table["training_percentile"] >= 99).sum()
    print(f"{len(table)} objects, {far} as far out as the last hundredth of the training objects")
    if table["in_training"].any():
        print(
            f"{table['in_training'].sum()} of them are training objects of the model (column "
            "in_training): nothing may be concluded from these"
        )
    if n:
        print(f"sets hold the class of {coverage:.0%} of {n} test objects of the old dataset")


if __name__ == "__main__":
    run(main)
