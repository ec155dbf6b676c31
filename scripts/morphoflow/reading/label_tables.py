"""Label tables of images: those that came with a source, and the user's, which outrank them."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from morphoflow.errors import InputError
from morphoflow.reading.labels import LabelColumns, read_labels, read_texts, with_names
from morphoflow.reading.names import fault_of, shown

LABEL, GROUP = "label", "group"

RESERVED = ("id", LABEL, GROUP, "split", "file", "line")  # names that further columns cannot have


def read_label_tables(
    fetched: list[Path],
    own: list[Path],
    settings: dict,
    with_ids: Callable = lambda table: table,
) -> list[pd.DataFrame]:
    """The tables, weakest first: id, label, group, file, line, and all further columns they have.

    ``settings`` name label_column and, where wanted, group_column. The tables that were
    ``fetched`` with a source have the columns label and group instead where they lack those; the
    user's ``own`` say nothing of groups (None) unless group_column is set, and get an
    id by ``with_ids`` where they may have other columns instead.
    """
    label, group = settings["label_column"], settings.get("group_column")
    tables = []
    for path in fetched:
        columns = read_texts(path).columns
        named = LabelColumns(
            label if label in columns else LABEL, group if group in columns else GROUP
        )
        tables.append(_with_further(read_labels([path], named), path, named))
    for path in own:
        named = LabelColumns(label, group)
        table = read_labels([path], named, with_ids)
        if group is None:
            table["group"] = None
        tables.append(_with_further(table, path, named))
    _refuse_twice(tables[len(fetched) :])
    return tables


def join_labels(rows: pd.DataFrame, tables: list[pd.DataFrame]) -> pd.DataFrame:
    """``rows`` (with an id) with what the tables say of them; a later table outranks an earlier.

    A column that ``rows`` lacks is added; what was measured stays as it is, but for a
    ``crop_scale``: it is that of the source's crops, so it multiplies the scale at which they were
    read.
    """
    rows, measured = rows.copy(), {*rows} - {LABEL, GROUP, "crop_scale"}
    for table in tables:
        further = [column for column in table if column not in {*measured, "file", "line"}]
        named = table.set_index("id")[further]
        for column in named:
            said = rows["id"].map(named[column])
            if column == "crop_scale":
                rows[column] *= pd.to_numeric(said, errors="coerce").fillna(1)
            elif column in rows:
                rows[column] = said.astype(object).where(said.notna(), rows[column])
            else:
                rows[column] = said
    return rows


def with_columns(objects: pd.DataFrame, tables: list[Path]) -> pd.DataFrame:
    """``objects``, indexed by id, with the further columns of ``tables`` that name them in ``id``.

    A column of a table stands in place of one of the same name. Ids that are not among the objects
    are passed over: a lab's table may be of more than one dataset.
    """
    for path in tables:
        named = LabelColumns("id")
        texts = _with_further(read_labels([path], named), path, named)
        further = texts.drop(columns=["label", "group", "file", "line"]).set_index("id")
        if not further.index.isin(objects.index).any():
            raise InputError(
                f"{path} names none of the objects in its column id, such as "
                f"'{shown(str(objects.index[0]))}'; name them as objects.parquet does."
            )
        objects = objects.drop(columns=[name for name in further if name in objects])
        objects = objects.join(further)
    return objects


def _with_further(table: pd.DataFrame, path: Path, named: LabelColumns) -> pd.DataFrame:
    """The table with its file's further columns; names that mean something else here are not."""
    read = with_names(read_texts(path), ["id", named.label, named.group])
    read = read.where(read != "")
    known = {*RESERVED, named.label, named.group}
    for name in set(read) - known:
        if "/" in name or fault_of(name) or name == "_index":
            raise InputError(
                f"{path} has a column '{shown(name)}', which an .h5ad file cannot have; rename it."
            )
    return table.assign(
        **{name: _as_numbers(read[name]).to_numpy() for name in read if name not in known}
    )


def _as_numbers(column: pd.Series) -> pd.Series:
    """A column of texts as numbers if all of them are."""
    numbers = pd.to_numeric(column, errors="coerce")
    return column if (numbers.isna() & column.notna()).any() else numbers


def _refuse_twice(tables: list[pd.DataFrame]) -> None:
    ids = pd.concat([pd.Series(dtype=object), *(table["id"] for table in tables)])
    twice = ids[ids.duplicated()]
    if len(twice):
        raise InputError(f"two label tables name '{twice.iloc[0]}'; remove it from one of them.")
