"""Label tables: which label, and which group, each object has."""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from morphoflow.errors import InputError
from morphoflow.reading.guard import reading
from morphoflow.reading.names import check_names
from morphoflow.tables import read_table, write_table

# What the column of the object table that holds further labels is called by, before its own name.
LABEL_BY = "label_by_"
# The ending of tables that this project writes for others of its jobs.
WRITTEN = ".labels.parquet"
SEPARATORS = (",", ";", "\t")
# How files begin that are taken for tables and are none.
NO_TEXT = {
    b"PK\x03\x04": "a spreadsheet or another archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
    b"\x1f\x8b": "compressed",
    b"PAR1": "a Parquet file",
}
# How tables say that a label is not known.
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null")


@dataclass(frozen=True)
class LabelColumns:
    """The columns of a label table; ``group`` is None where objects are independent.

    ``further`` are columns with other labels of the same objects.
    """

    label: str
    group: str | None = None
    further: tuple[str, ...] = ()

    @property
    def all(self) -> list[str | None]:
        """All columns that a table must have beside the id."""
        return [self.label, self.group, *self.further]


def read_labels(
    paths: list[Path], columns: LabelColumns, with_ids: Callable = lambda table: table
) -> pd.DataFrame:
    """Read label tables (CSV, or TSV by the ending) into columns id, label, group, file and line.

    Further labels stand in columns ``label_by_NAME`` before the file.
    Those of :func:`write_labels` are known by their ending, WRITTEN.
    ``with_ids`` may give a table a column ``id`` that has others instead. A missing label is None,
    a missing group is the object's id, and ``line`` counts from 1 with the header. Raises
    InputError for a missing column or an id that stands twice.
    """
    tables = [_read(Path(path), columns, with_ids) for path in paths]
    further = [LABEL_BY + name for name in columns.further]
    empty = pd.DataFrame(columns=["id", "label", "group", *further, "file", "line"])
    labels = pd.concat([empty, *tables], ignore_index=True) if tables else empty
    refuse_twice(labels, "id", "'{}'")
    return labels


def write_labels(path: Path, table: pd.DataFrame, provenance: dict) -> None:
    """Write the columns id, label and group of a table, which has a checksum (Parquet)."""
    write_table(path, table[["id", "label", "group"]], provenance)


def _read(path: Path, columns: LabelColumns, with_ids: Callable) -> pd.DataFrame:
    table = read_table(path).fillna("") if path.name.endswith(WRITTEN) else read_texts(path)
    table = with_ids(table)
    table = with_names(table, ["id", *columns.all])
    check_columns(path, table, ["id", *columns.all])
    check_texts(path, table, ["id", *columns.all])
    ids = table["id"].str.strip().str.removesuffix(".swc")
    group = ids if columns.group is None else table[columns.group].str.strip()
    return pd.DataFrame(
        {
            "id": ids,
            "label": _labels(table[columns.label]),
            "group": group.where(group != "", ids),
            **{LABEL_BY + name: _labels(table[name]) for name in columns.further},
            **origin(path, table),
        }
    )


def _labels(column: pd.Series) -> pd.Series:
    # Of type object, which can hold None; pandas 3 makes None in a column of strings NaN.
    label = column.str.strip().astype(object)
    return label.where(~label.isin(MISSING), None)


# What all tables of labels share, whatever their objects are called by.


def read_texts(path: Path) -> pd.DataFrame:
    """A table of texts, as spreadsheets write them; raises InputError where it is none.

    Columns are parted by commas, semicolons or tabs, whichever the header has most of; texts are
    UTF-8, UTF-16 or else Latin-1. Spaces around names of columns are no part of them, and empty
    fields behind the last column no columns. Rows of nothing but empty fields are left out; the
    table's index counts them all the same, from 0.
    """
    with reading(path):
        try:
            rows = _rows(path)
            if not rows:
                raise ValueError("it is empty")
            header = _header(rows.pop(min(rows)))
            width = len(header)
            for number, row in rows.items():
                if len(_trimmed(row)) > width:
                    raise ValueError(f"row {number + 1} has more fields than the header")
        except (ValueError, csv.Error) as error:
            raise InputError(f"{path} is not a readable table ({error}); correct it.") from None
    cells = [(row + [""] * width)[:width] for row in rows.values()]
    return pd.DataFrame(cells, index=[number - 1 for number in rows], columns=header, dtype=str)


def _rows(path: Path) -> dict[int, list[str]]:
    """The rows of a table that are not empty, by their number from 0, the header's."""
    text = _decoded(path.read_bytes())
    if text.lower().startswith("sep="):  # by which Excel names the separator
        text = text.partition("\n")[2]
    first = text.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    return {number: row for number, row in enumerate(rows) if any(map(str.strip, row))}


def _decoded(data: bytes) -> str:
    for start, what in NO_TEXT.items():
        if data.startswith(start):
            raise ValueError(f"it is {what} and no text; export it as CSV")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _header(row: list[str]) -> list[str]:
    """The names of the columns; those that have none are numbered."""
    names = [name.strip() or f"column {i}" for i, name in enumerate(_trimmed(row), 1)]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"two columns are called '{twice[0]}'")
    return names


def _trimmed(row: list[str]) -> list[str]:
    """The fields up to the last that is not empty."""
    n = max((i for i, field in enumerate(row, 1) if field.strip()), default=0)
    return row[:n]


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
