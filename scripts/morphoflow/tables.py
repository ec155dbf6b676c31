"""Tables as Parquet files with their provenance, and the object table's contract."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from morphoflow.errors import CannotAnalyse, InputError
from morphoflow.files import SEAL_BYTES, check_seal, seal_of, way_of, whole
from morphoflow.records import METADATA

SPLITS = ("train", "validation", "test")
OBJECT_COLUMNS = ("id", "source", "label", "group", "split")
NOISE = -1  # the cluster of objects that are in none
# In a table's attrs, the sentence that says why an analysis could not make it.
REASON = "cannot"
# The same by method, where a table has a column or rows for each of several.
REASONS = "cannot_by"
# In the attrs of a table of clusters, the method whose clusters are shown everywhere.
RECOMMENDED = "recommended"


def write_table(path: Path, table: pd.DataFrame, provenance: dict) -> None:
    """Write a table (its index is dropped) with ``provenance`` in the file's metadata."""
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    record = json.dumps(provenance, sort_keys=True)
    metadata = {**(arrow.schema.metadata or {}), METADATA: record.encode()}
    stream = io.BytesIO()
    pq.write_table(arrow.replace_schema_metadata(metadata), stream, compression="zstd")
    content = stream.getbuffer()
    footer = _footer_of(content)
    with whole(path) as partial, partial.open("wb") as file:
        # Nothing points to what lies before the footer, so every reader of Parquet skips it.
        for part in (content[:footer], seal_of(content), content[footer:]):
            file.write(part)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table written by :func:`write_table`, once its checksum is found to be right."""
    content = memoryview(b"")
    try:
        content = memoryview(Path(path).read_bytes())
        footer = _footer_of(content)
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read as a Parquet table ({error}); {way_of(content)}."
        raise InputError(message) from None
    start = max(0, footer - SEAL_BYTES)
    check_seal(path, bytes(content[start:footer]), content[:start], content[footer:])
    return pd.read_parquet(io.BytesIO(content))


def _footer_of(content: memoryview) -> int:
    """Where the footer of a Parquet file begins; it ends in its length and the format's name."""
    length = int.from_bytes(content[-8:-4], "little")
    if bytes(content[-4:]) != b"PAR1" or length + 8 > len(content):
        raise ValueError("it does not end as one")
    return len(content) - 8 - length


def without(columns: Sequence[str], reason: object) -> pd.DataFrame:
    """A table of no rows that says why an analysis cannot be made; so does the job's log."""
    return because(pd.DataFrame(columns=list(columns)), reason)


def because(table: pd.DataFrame, reason: object) -> pd.DataFrame:
    """The table with the reason why there is nothing, or not all, in it."""
    print(f"cannot: {reason}")
    table.attrs[REASON] = str(reason)
    return table


def refuse_missing(table: pd.DataFrame) -> pd.DataFrame:
    """The table; raises CannotAnalyse with the reason if it says that it could not be made."""
    if REASON in table.attrs:
        raise CannotAnalyse(table.attrs[REASON])
    return table


def write_objects(path: Path, objects: pd.DataFrame, provenance: dict) -> None:
    """Write the object table: one row an object, checked by :func:`check_objects`."""
    check_objects(objects, str(path))
    write_table(path, objects, provenance)


def read_objects(path: Path) -> pd.DataFrame:
    """Read and check an object table."""
    objects = read_table(path)
    check_objects(objects, str(path))
    return objects


def check_objects(objects: pd.DataFrame, name: str) -> None:
    """Raise InputError unless the table has the contract's columns, unique ids and known splits."""
    missing = [column for column in OBJECT_COLUMNS if column not in objects]
    if missing:
        raise InputError(f"{name} has no column {', '.join(missing)}; remake the object table.")
    twice = objects["id"][objects["id"].duplicated()].tolist()
    if twice:
        raise InputError(f"{name} lists the id '{twice[0]}' more than once; ids must be unique.")
    unknown = sorted(set(objects["split"]) - set(SPLITS))
    if unknown:
        raise InputError(f"{name} has the split '{unknown[0]}'; known are {', '.join(SPLITS)}.")


def align_objects(objects: pd.DataFrame, ids: list[str], name: str) -> pd.DataFrame:
    """The rows of the object table in the order of ``ids``; an id without a row is an error."""
    indexed = objects.set_index("id", drop=False)
    absent = [identifier for identifier in ids if identifier not in indexed.index]
    if absent:
        raise InputError(f"{name} holds '{absent[0]}', which the object table lacks; remake it.")
    return indexed.loc[list(ids)].reset_index(drop=True)
