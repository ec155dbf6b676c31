"""Label tables: which cell type, and which group, each neuron belongs to."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from morphoflow.errors import InputError
from morphoflow.files import whole


@dataclass(frozen=True)
class LabelColumns:
    """The columns of a label table; ``group`` is None where neurons are independent."""

    label: str
    group: str | None = None


def read_labels(paths: list[Path], columns: LabelColumns) -> pd.DataFrame:
    """Read label tables (CSV, or TSV by the ending) into columns id, label, group, file and line.

    A missing label is None, a missing group is the neuron's id, and ``line`` counts from 1 with
    the header. Raises InputError for a missing column or an id that stands twice.
    """
    tables = [_read(Path(path), columns) for path in paths]
    empty = pd.DataFrame(columns=["id", "label", "group", "file", "line"])
    labels = pd.concat([empty, *tables], ignore_index=True) if tables else empty
    twice = labels[labels["id"].duplicated()]
    if len(twice):
        row = twice.iloc[0]
        raise InputError(
            f"{row['file']}, line {row['line']}: the id '{row['id']}' stands there a second time; "
            f"remove one of the lines."
        )
    return labels


def write_labels(path: Path, table: pd.DataFrame) -> None:
    """Write a label table (CSV) with the columns id, label and group."""
    with whole(path) as partial:
        table[["id", "label", "group"]].to_csv(partial, index=False, lineterminator="\n")


def _read(path: Path, columns: LabelColumns) -> pd.DataFrame:
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is not a readable table ({error}); correct it.") from None
    for wanted in filter(None, ("id", columns.label, columns.group)):
        if wanted not in table:
            found = ", ".join(table.columns)
            raise InputError(
                f"{path} has no column '{wanted}' (it has: {found}); rename a column, or set "
                f"label_column or group_column in the config."
            )
    ids = table["id"].str.strip().str.removesuffix(".swc")
    group = ids if columns.group is None else table[columns.group].str.strip()
    # Of type object, which can hold None; pandas 3 makes None in a column of strings NaN.
    label = table[columns.label].str.strip().astype(object)
    return pd.DataFrame(
        {
            "id": ids,
            "label": label.where(label != "", None),
            "group": group.where(group != "", ids),
            "file": path.name,
            "line": range(2, len(table) + 2),
        }
    )
