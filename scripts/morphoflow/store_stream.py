"""Write a sample store block by block, so that memory holds a block and not the dataset."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import zarr

from morphoflow.errors import InputError
from morphoflow.integrity import compressed, new_store
from morphoflow.store import CHUNK_BYTES, check_levels, level_axes, level_name, write_ids, writing


class SampleStream:
    """A store that grows; what it holds in the end has the bytes that ``write_samples`` gives.

    ``facts`` are attributes beside axes and units, which may be filled in until the end.
    """

    def __init__(self, group: zarr.Group, axes: list[str], level: int | None) -> None:
        self.facts: dict = {}
        self.ids: list[str] = []
        self._group, self._axes, self._level = group, axes, level
        self._arrays: dict[str, _Growing] = {}

    def append(
        self,
        ids: list[str],
        x: np.ndarray,
        mask: np.ndarray | None = None,
        scale: np.ndarray | None = None,
        levels: dict[int, np.ndarray] | None = None,
    ) -> None:
        """Add samples ``x`` (k, ...), their ``mask`` (k, ...) and ``scale`` (k,); all or none.

        ``levels`` are the images ``x`` (k, ..., s, s) at half the size, a quarter and so on, by s.
        """
        self.ids.extend(ids)
        levels = levels or {}
        check_levels(x, levels)
        axes = self._axes
        smaller = [
            (level_name(side), values, level_axes(axes, side)) for side, values in levels.items()
        ]
        own = (("x", x, axes), ("mask", mask, axes), ("scale", scale, axes))
        for name, values, named in (*own, *smaller):
            if values is None:
                continue
            if name not in self._arrays:
                named = named[: values.ndim]
                self._arrays[name] = _Growing(self._group, name, named, self._level)
            self._arrays[name].append(values)

    def close(self) -> None:
        """Write what still waits, and the ids."""
        if len(set(self.ids)) != len(self.ids):
            raise InputError("ids are not unique; give each object an id of its own.")
        for array in self._arrays.values():
            array.flush()
            if array.length != len(self.ids):
                raise ValueError(f"{array.length} rows for {len(self.ids)} ids")
        write_ids(self._group, self.ids, self._axes[:1])


@contextmanager
def stream_samples(
    path: Path, *, axes: list[str], units: str, provenance: dict, level: int | None = None
) -> Iterator[SampleStream]:
    """A store that is there once the block has ended, and not at all if it fails.

    ``level`` is that of zstd, if not the usual one: 1 suits samples that are mostly 0.
    """
    with new_store(path) as group:
        stream = SampleStream(group, axes, level)
        yield stream
        stream.close()
        attributes = {"axes": axes, "units": units, "names": None, **stream.facts}
        group.attrs.update({**attributes, "provenance": provenance})


class _Growing:
    """An array on disk that is extended by whole chunks, so that no chunk is written twice."""

    def __init__(self, group: zarr.Group, name: str, axes: list[str], level: int | None) -> None:
        self.length = self._n_waiting = 0
        self._group, self._name, self._axes = group, name, axes
        self._compressors = compressed() if level is None else compressed(level)
        self._array: zarr.Array | None = None
        self._waiting: list[np.ndarray] = []

    def append(self, values: np.ndarray) -> None:
        self.length += len(values)
        self._waiting.append(values)
        self._n_waiting += len(values)
        rows = max(1, CHUNK_BYTES // max(1, values[:1].nbytes))
        if self._n_waiting >= rows:
            waiting = np.concatenate(self._waiting)
            full = len(waiting) - len(waiting) % rows
            self._write(waiting[:full], rows)
            self._waiting, self._n_waiting = [waiting[full:]], len(waiting) - full

    def flush(self) -> None:
        waiting = np.concatenate(self._waiting)
        if len(waiting) or self._array is None:
            self._write(waiting, max(1, len(waiting)))
        self._waiting = [waiting[:0]]

    def _write(self, values: np.ndarray, rows: int) -> None:
        if self._array is None:
            chunks = (rows, *values.shape[1:])
            first, values = values[:rows], values[rows:]
            self._array = self._group.create_array(
                self._name,
                data=first,
                chunks=chunks,
                compressors=self._compressors,
                config=writing(first, rows),
                dimension_names=self._axes,
            )
        if len(values):
            self._array = self._array.with_config(writing(values, rows))
            self._array.append(values)
