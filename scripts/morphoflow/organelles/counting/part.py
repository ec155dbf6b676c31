"""Counts a range of blocks of a source, with the memory of a few blocks and of the table."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.organelles.counting.counts import BlockCounts, count_block, runs_of_block
from morphoflow.organelles.counting.table import (
    PAIR,
    block_rows,
    merge_pairs,
    merge_tables,
    table_of_classes,
    table_of_contacts,
    table_of_rows,
    with_classes,
)
from morphoflow.organelles.volumes.boxes import Box, Triple
from morphoflow.organelles.volumes.source import Source
from morphoflow.organelles.volumes.volume import in_words

CLASS_PAIR = ["label_id", "class_id"]

# Rows that may wait, at least, before they are merged.
WAITING_ROWS = 200_000

# Rows that the arrays of a block take the memory of.
BLOCK_ROWS = 10

# Voxels of layers that are kept at most: a whole plane of a large volume.
KEPT_VOXELS = 1 << 25


class Growing:
    """A table that the rows of blocks are added to; it is merged whenever it has doubled."""

    def __init__(self, table_of: Callable, merge: Callable) -> None:
        self.table_of, self.merge = table_of, merge
        self.table: pd.DataFrame | None = None
        self.waiting: list[tuple[np.ndarray, ...]] = []
        self.waiting_rows = 0

    def add(self, rows: tuple[np.ndarray, ...]) -> None:
        """Add the rows of a block, an array for each kind of column."""
        # Many blocks have no row; their arrays would pile up.
        if self.waiting and not len(rows[0]):
            return
        self.waiting.append(rows)
        self.waiting_rows += BLOCK_ROWS + len(rows[0])
        if self.waiting_rows > WAITING_ROWS + (0 if self.table is None else len(self.table)):
            self.merged()

    def merged(self) -> pd.DataFrame:
        """All rows so far, merged."""
        if self.waiting:
            tables = [self.table_of(self.waiting)]
            self.table = self.merge(tables if self.table is None else [self.table, *tables])
            self.waiting, self.waiting_rows = [], 0
        return self.table


def count_part(source: Source, boxes: list[Box]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The labels of the ``boxes`` and their contacts, in these boxes and with what is below them.

    Every face between two voxels is counted with the upper of them, so that parts that hold each
    voxel once hold each face once. The tables are those of
    :mod:`morphoflow.organelles.counting.table`. Sums over indices, and over intensities of integers
    of up to 16 bits, are exact; those over other intensities are float64 and may differ in their
    last digits with the blocks. Raises InputError for EM that is not finite.
    """
    tables = Growing(table_of_rows, merge_tables)
    contacts = Growing(table_of_contacts, lambda pairs: merge_pairs(pairs, PAIR))
    classes = Growing(table_of_classes, lambda pairs: merge_pairs(pairs, CLASS_PAIR))
    # A block without objects gives the tables their columns where there is no other.
    _add(_count_nothing(source), Box((0, 0, 0), (1, 1, 1)), tables, contacts, classes)
    faces = Faces(source, boxes)
    for box in boxes:
        runs, below = _runs(source, box, faces)
        if len(runs[0]):
            _add(_count(source, runs, box, below), box, tables, contacts, classes)
    table = tables.merged()
    if source.classes is not None:
        table = with_classes(table, classes.merged())
    return table, contacts.merged()


# The labels just below a block, kept from the block that was read there or read again.


class Faces:
    """Last layers of counted blocks, each kept until the block above it has been counted.

    No more than ``KEPT_VOXELS`` are kept in all; what is not there is read from disk, which costs
    time and changes nothing.
    """

    def __init__(self, source: Source, waiting: list[Box]) -> None:
        self.source = source
        self.waiting = {block.start for block in waiting}
        self.kept: dict[tuple[Triple, int], np.ndarray] = {}
        self.kept_voxels = 0

    def below(self, block: Box) -> list[np.ndarray]:
        """The layers of labels below the block along z, y and x, empty at the volume's start."""
        self.waiting.discard(block.start)
        return [self._layer(block, axis) for axis in range(3)]

    def keep(self, block: Box, layers: tuple[np.ndarray, ...]) -> None:
        """Keep the last layers of a block, along z, y and x, for blocks that lie above it."""
        for axis in range(3):
            above = tuple(block.stop[a] if a == axis else block.start[a] for a in range(3))
            if above in self.waiting and self.kept_voxels + layers[axis].size <= KEPT_VOXELS:
                self.kept[above, axis] = layers[axis].copy()
                self.kept_voxels += layers[axis].size

    def _layer(self, block: Box, axis: int) -> np.ndarray:
        if block.start[axis] == 0:
            return np.empty((0, 0), self.source.labels.dtype)
        if (block.start, axis) in self.kept:
            layer = self.kept.pop((block.start, axis))
            self.kept_voxels -= layer.size
            return layer
        start, stop = list(block.start), list(block.stop)
        start[axis], stop[axis] = block.start[axis] - 1, block.start[axis]
        layer = self.source.read_labels(Box(tuple(start), tuple(stop)))
        return np.ascontiguousarray(np.take(layer, 0, axis=axis))


def _runs(source: Source, box: Box, faces: Faces) -> tuple[tuple, list[np.ndarray]]:
    """The runs of a block with their lookup, and the labels below it.

    The labels end here, so that those of the next block take their memory, which is in the cache.
    """
    labels = source.read_labels(box)
    below = faces.below(box)
    runs, lookup, ends = runs_of_block(labels)
    faces.keep(box, (labels[-1], labels[:, -1], ends))
    return (runs, lookup), below


def _add(counts: BlockCounts, box: Box, tables, contacts, classes) -> None:
    tables.add(block_rows(counts, box))
    contacts.add(counts.contacts)
    classes.add(counts.shared)


def _count(source: Source, runs: tuple, box: Box, below: list) -> BlockCounts:
    em = np.ascontiguousarray(source.read_em(box))
    if em.dtype.kind == "f" and not np.isfinite(em).all():
        raise InputError(
            f"the EM {source.em.path} has values that are not finite among voxels {in_words(box)}; "
            f"replace NaN and infinite values in it."
        )
    kinds = _no_classes() if source.classes is None else source.classes.read(box)
    return count_block(*runs, em, kinds, *below, _zero(em.dtype))


def _count_nothing(source: Source) -> BlockCounts:
    labels = np.zeros((1, 1, 1), source.labels.dtype)
    em = np.zeros((1, 1, 1), source.em.dtype)
    below = [np.empty((0, 0), labels.dtype)] * 3
    return count_block(*runs_of_block(labels)[:2], em, _no_classes(), *below, _zero(em.dtype))


def _no_classes() -> np.ndarray:
    return np.empty((0, 0, 0), np.uint8)


def _zero(dtype: np.dtype) -> int | float:
    """The zero of the type in which intensities are summed."""
    return 0 if dtype.kind in "iu" and dtype.itemsize <= 2 else 0.0
