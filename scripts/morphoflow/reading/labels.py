"""Label tables: which label, and which group, each object has."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from morphoflow.errors import InputError
from morphoflow.files import whole
from morphoflow.reading.guard import reading
from morphoflow.reading.names import check_names

# How tables say that a label is not known.
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null")


@dataclass(frozen=True)
class LabelColumns:
    """The columns of a label table; ``group`` is None where objects are independent."""

    label: str
    group: str | None = None


def read_labels(paths: list[Path], columns: LabelColumns) -> pd.DataFrame:
    """Read label tables (CSV, or TSV by the ending) into columns id, label, group, file and line.

    A missing label is None, a missing group is the object's id, and ``line`` counts from 1 with
    the header. Raises InputError for a missing column or an id that stands twice.
    """
    tables = [_read(Path(path), columns) for path in paths]
    empty = pd.DataFrame(columns=["id", "label", "group", "file", "line"])
    labels = pd.concat([empty, *tables], ignore_index=True) if tables else empty
    refuse_twice(labels, "id", "'{}'")
    return labels


def write_labels(path: Path, table: pd.DataFrame) -> None:
    """Write a label table (CSV) with the columns id, label and group."""
    with whole(path) as partial:
        table[["id", "label", "group"]].to_csv(partial, index=False, lineterminator="\n")


def _read(path: Path, columns: LabelColumns) -> pd.DataFrame:
    table = read_texts(path)
    table = with_names(table, ["id", columns.label, columns.group])
    check_columns(path, table, ["id", columns.label, columns.group])
    check_texts(path, table, ["id", columns.label, columns.group])
    ids = table["id"].str.strip().str.removesuffix(".swc")
    group = ids if columns.group is None else table[columns.group].str.strip()
    # Of type object, which can hold None; pandas 3 makes None in a column of strings NaN.
    label = table[columns.label].str.strip().astype(object)
    return pd.DataFrame(
        {
            "id": ids,
            "label": label.where(~label.isin(MISSING), None),
            "group": group.where(group != "", ids),
            **origin(path, table),
        }
    )


# What all tables of labels share, whatever their objects are called by.


def read_texts(path: Path) -> pd.DataFrame:
    """A table (CSV, or TSV by the ending) of texts; raises InputError where it is none.

    A header with more semicolons than commas says that these stand between columns, as Excel writes
    them in much of Europe. Spaces around names of columns are no part of them, and lines of nothing
    but separators are left out; the table's index counts the lines from 0 all the same.
    """
    with reading(path):
        try:
            table = pd.read_csv(path, sep=_separator(path), dtype=str, keep_default_na=False)
        except ValueError as error:
            raise InputError(f"{path} is not a readable table ({error}); correct it.") from None
    table.columns = table.columns.str.strip()
    return table[(table.apply(lambda column: column.str.strip()) != "").any(axis=1)]


def _separator(path: Path) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    with path.open("rb") as stream:
        header = stream.readline()
    return ";" if header.count(b";") > header.count(b",") else ","


def with_names(table: pd.DataFrame, wanted: Iterable[str | None]) -> pd.DataFrame:
    """The table with ``wanted`` columns so named that it has in other capitals, as ``ID``."""
    alike = {name.lower(): name for name in wanted if name and name not in table}
    found = {column: alike[column.lower()] for column in table if column.lower() in alike}
    # Of two that differ in capitals alone, none is taken for the wanted one.
    return table.rename(columns=found) if len(set(found.values())) == len(found) else table


def check_columns(path: Path, table: pd.DataFrame, wanted: Iterable[str | None]) -> None:
    """Raise InputError for the first column that is ``wanted`` (None is not) and not there."""
    for name in filter(None, wanted):
        if name not in table:
            columns = ", ".join(table.columns)
            raise InputError(
                f"{path} has no column '{name}' (it has: {columns}); rename a column, or set "
                f"label_column or group_column in the config."
            )


def check_texts(path: Path, table: pd.DataFrame, names: Iterable[str | None]) -> None:
    """Raise InputError for ids, labels and groups, in columns of those names, that are no names."""
    for name in filter(None, names):
        check_names(
            table[name].str.strip().tolist(), f"in the column '{name}' the value", str(path)
        )


def origin(path: Path, table: pd.DataFrame) -> dict:
    """The columns ``file`` and ``line`` of a table's rows; lines count from 1 with the header."""
    return {"file": path.name, "line": table.index.to_numpy() + 2}


def refuse_twice(labels: pd.DataFrame, column: str, form: str) -> None:
    """Raise InputError for an id in ``column`` that stands twice, written as ``form`` says."""
    twice = labels[labels[column].duplicated()]
    if len(twice):
        row = twice.iloc[0]
        raise InputError(
            f"{row['file']}, line {row['line']}: the id {form.format(row[column])} stands there a "
            f"second time; remove one of the lines."
        )
