"""What sets each cluster of an embedding apart, and which objects stand for it."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.analysis.profiles import cluster_profiles, exemplars
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.provenance import provenance
from morphoflow.rows import rows_in_order
from morphoflow.store import read_samples
from morphoflow.tables import write_table

# Measures that are kept for comparison with published figures, and mislead a reader.
UNFIT = "legacy_"


def main(*, embedding: Path, clusters: Path, measures: Path, profiles: Path, members: Path) -> None:
    """Compare the clusters of every method in named ``measures``, a store of features."""
    data = read_embedding(embedding)
    found = rows_in_order(clusters, data.obs_names).drop(columns="id")
    store = read_samples(measures)
    place = pd.Index(store.ids).get_indexer(data.obs_names)
    names = [name for name in store.names if not name.startswith(UNFIT)]
    columns = [store.names.index(name) for name in names]
    x = np.asarray(store.x)[place][:, columns].astype(np.float64)
    described, chosen = {}, {}
    for method, numbers in found.items():
        described[method] = cluster_profiles(x, names, numbers.to_numpy())
        best = exemplars(np.asarray(data.X), numbers.to_numpy())
        chosen[method] = best.assign(id=data.obs_names.to_numpy()[best.pop("row").astype(int)])
    record = provenance(inputs=[embedding, clusters, measures], settings={})
    for path, tables in ((profiles, described), (members, chosen)):
        write_table(path, pd.concat(tables, names=["method"]).reset_index(level=0), record)
    print(f"{len(found.columns)} methods, {len(names)} measures")


if __name__ == "__main__":
    run(main)
