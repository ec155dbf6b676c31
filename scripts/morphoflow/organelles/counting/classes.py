"""Class tables: the class and group of objects by their label ids, and the names of classes."""

from pathlib import Path

import pandas as pd

from morphoflow.errors import InputError
from morphoflow.reading.labels import check_columns, check_texts, origin, read_texts, refuse_twice

ID_COLUMNS = ("label_id", "id")
NUMBER_COLUMN = "class"
LARGEST_ID = 2**64 - 1


def read_class_tables(paths: list[Path], settings: dict) -> tuple[pd.DataFrame, dict[int, str]]:
    """Objects' labels as label_id (uint64), label, group, file and line; and names of classes.

    ``settings`` name the ``label_column`` and, where wanted, the ``group_column``. A table (CSV,
    or TSV by the ending) has the objects in a column label_id or id; one that has a column class
    instead says how the numbers of the class volume are called. A label or group that is not there
    is None. Raises InputError for a missing column, and for an id that is no number, is 0 or
    stands there twice.
    """
    objects, names = [], {}
    for path in map(Path, paths):
        table = read_texts(path)
        column = next((name for name in (*ID_COLUMNS, NUMBER_COLUMN) if name in table), None)
        label = settings["label_column"]
        group = settings.get("group_column") if column != NUMBER_COLUMN else None
        _check_ids(path, table, column)
        check_columns(path, table, [label, group])
        check_texts(path, table, [label, group])
        ids = [_number(path, line, text) for line, text in enumerate(table[column], start=2)]
        if column == NUMBER_COLUMN:
            names.update(zip(ids, _texts(table, label), strict=True))
            continue
        said = {"label": _texts(table, label), "group": _texts(table, group)}
        labelled = {"label_id": pd.array(ids, dtype="uint64"), **said, **origin(path, table)}
        objects.append(pd.DataFrame(labelled))
    columns = ["label_id", "label", "group", "file", "line"]
    labels = pd.concat(objects, ignore_index=True) if objects else pd.DataFrame(columns=columns)
    refuse_twice(labels, "label_id", "{}")
    return labels.astype({"label_id": "uint64", "label": object, "group": object}), names


def _check_ids(path: Path, table: pd.DataFrame, column: str | None) -> None:
    if column is None:
        names = ", ".join(table.columns)
        raise InputError(
            f"{path} has no column 'label_id' (it has: {names}); name the column of object ids so, "
            f"or 'class' where the table names the numbers of the class volume."
        )


def _number(path: Path, line: int, text: str) -> int:
    number = int(text) if text.strip().isdecimal() else 0
    if not 1 <= number <= LARGEST_ID:
        raise InputError(
            f"{path.name}, line {line}: '{text}' is no label id; write the number that the object "
            f"has in the label volume (0 is the background)."
        )
    return number


def _texts(table: pd.DataFrame, column: str | None) -> list[str | None]:
    if column is None:
        return [None] * len(table)
    return [text.strip() or None for text in table[column]]
