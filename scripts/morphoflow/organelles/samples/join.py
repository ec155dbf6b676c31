"""Samples that many jobs made, as one store in the order of the object table."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.organelles.counting.sources import joined_id
from morphoflow.store import Samples, read_samples

# Samples of this size are gathered at once. Objects of a batch lie in several parts and chunks,
# which are each decoded once for it.
BATCH_BYTES = 256 << 20


@dataclass(frozen=True)
class Batch:
    """Samples that follow each other in the table, as ``SampleStream.append`` takes them."""

    ids: list[str]
    x: np.ndarray
    scale: np.ndarray | None


class Parts:
    """The stores of all parts, which were made with the same settings by the same code.

    With ``names`` each part is a source of its own, and its ids are named after it. Raises
    InputError for parts that were made otherwise, or do not hold exactly the ``ids``.
    """

    def __init__(self, paths: list[Path], ids: pd.Series, names: list[str] | None = None) -> None:
        self.stores = [read_samples(path) for path in paths]
        self._check_alike(paths, of_sources=bool(names))
        held = np.concatenate([store.ids for store in self.stores])
        if names:
            pairs = zip(names, self.stores, strict=True)
            held = np.array([joined_id(name, text) for name, each in pairs for text in each.ids])
        self._place = _places(held, ids.astype(str).to_numpy())
        sizes = [len(store.ids) for store in self.stores]
        self._first = np.concatenate([[0], np.cumsum(sizes)])
        self.ids = held[self._place]

    @property
    def attributes(self) -> dict:
        """The attributes of every part, provenance included."""
        return self.stores[0].attributes

    def batches(self, most: int = BATCH_BYTES) -> Iterator[Batch]:
        """All samples in the order of the ids, at most ``most`` bytes at once."""
        x = self.stores[0].x
        step = max(1, most // (x.dtype.itemsize * int(np.prod(x.shape[1:]))))
        for begin in range(0, len(self.ids), step):
            yield self._batch(slice(begin, begin + step))

    def _batch(self, rows: slice) -> Batch:
        places = self._place[rows]
        x = self.stores[0].x
        gathered = np.empty((len(places), *x.shape[1:]), dtype=x.dtype)
        scale = None if self.stores[0].scale is None else np.empty(len(places), np.float32)
        for store, first in zip(self.stores, self._first, strict=False):
            mine = np.flatnonzero((places >= first) & (places < first + len(store.ids)))
            if len(mine):
                _gather(store, places[mine] - first, mine, gathered, scale)
        return Batch(self.ids[rows].tolist(), gathered, scale)

    def _check_alike(self, paths: list[Path], of_sources: bool) -> None:
        # What sources are made of differs.
        left_out = {"provenance"} if of_sources else set()
        facts = [
            {key: fact for key, fact in store.attributes.items() if key not in left_out}
            for store in self.stores
        ]
        for path, these in zip(paths, facts, strict=True):
            if these != facts[0]:
                raise InputError(
                    f"{path} was made otherwise than {paths[0]}; make all parts again."
                )


def _places(held: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The rows of ``held`` in the order of ``wanted``; both must be the same ids."""
    absent = sorted(set(wanted.tolist()) ^ set(held.tolist()))
    if absent or len(held) != len(wanted):
        named = f"'{absent[0]}'" if absent else "one twice"
        raise InputError(
            f"the parts hold {len(held)} samples for {len(wanted)} objects of the table, which "
            f"differ in {named}; make all parts again from this table."
        )
    order = np.argsort(held, kind="stable")
    return order[np.searchsorted(held, wanted, sorter=order)]


def _gather(store: Samples, rows, target, x: np.ndarray, scale: np.ndarray | None) -> None:
    """Copy ``rows`` of a store to the rows ``target`` of ``x`` and ``scale``, chunk by chunk."""
    length = store.x.chunks[0]
    for chunk in np.unique(rows // length):
        chosen = rows // length == chunk
        values = store.x[chunk * length : (chunk + 1) * length]
        x[target[chosen]] = values[rows[chosen] - chunk * length]
    if scale is not None:
        scale[target] = store.scale[rows]
