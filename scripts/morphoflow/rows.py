"""Rows of a table in the order of an embedding."""

from pathlib import Path

import pandas as pd

from morphoflow.errors import InputError
from morphoflow.tables import read_table, refuse_missing


def rows_in_order(path: Path, ids: pd.Index) -> pd.DataFrame:
    """The rows of a table with a column ``id``, in the order of ``ids``; its attrs are kept.

    Raises CannotAnalyse for a table that says why it could not be made.
    """
    table = refuse_missing(read_table(path))
    absent = ids.difference(table["id"])
    if len(absent):
        raise InputError(f"{path} has no row for '{absent[0]}' of the embedding; remake it.")
    ordered = table.set_index("id", drop=False).loc[ids].reset_index(drop=True)
    ordered.attrs = table.attrs
    return ordered
