"""Labels that say nothing: the control for everything that is learned from labels."""

import pandas as pd

from morphoflow.seeds import numpy_generator


def shuffled_labels(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The table with the known labels of its column ``label`` dealt out anew among their rows.

    A missing label stays missing. Who gets which depends on the ids and the seed, not on the order
    of the rows.
    """
    known = table[table["label"].notna()].sort_values("id")
    dealt = numpy_generator(seed, "shuffling").permutation(known["label"].to_numpy())
    return table.assign(label=pd.Series(dealt, index=known.index, dtype=object))
