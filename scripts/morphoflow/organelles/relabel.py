"""Other numbers for the labels of a volume: each run of voxels is looked up once."""

from typing import NamedTuple

import numpy as np
from numba import njit

from morphoflow.organelles.lookup import Lookup, empty_lookup, first_slot, row_of


class Relabelling(NamedTuple):
    """The rows of the labels that have a number, and their ``numbers`` (n,) by row."""

    lookup: Lookup
    numbers: np.ndarray


def relabelling(ids: np.ndarray, numbers: np.ndarray) -> Relabelling:
    """The look-up table from ``ids`` (n,), distinct, to ``numbers`` (n,) of an unsigned type."""
    if len(np.unique(ids)) != len(ids):
        raise ValueError("ids must be distinct")
    return Relabelling(_filled(ids.astype(np.uint64)), np.ascontiguousarray(numbers))


def relabel(labels: np.ndarray, table: Relabelling) -> np.ndarray:
    """The number of each voxel of ``labels`` (z, y, x), in the numbers' own type.

    Background (0) and labels that are not in the table become 0.
    """
    out = np.empty(labels.shape, table.numbers.dtype)
    _relabel(labels, *table.lookup[:2], table.numbers, out)
    return out


@njit(cache=True)
def _filled(ids: np.ndarray) -> Lookup:
    lookup = empty_lookup(len(ids))
    for label in ids:
        row_of(label, lookup.keys, lookup.slots, lookup.used)
    return lookup


@njit(cache=True, nogil=True)
def _relabel(labels, keys, slots, numbers, out) -> None:
    for z in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            line, target = labels[z, y], out[z, y]
            label = line[0]
            number = _number_of(np.uint64(label), keys, slots, numbers)
            for x in range(len(line)):
                if line[x] != label:
                    label = line[x]
                    number = _number_of(np.uint64(label), keys, slots, numbers)
                target[x] = number


@njit(cache=True, nogil=True)
def _number_of(label, keys, slots, numbers):
    if label == 0:
        return numbers.dtype.type(0)
    mask = np.uint64(len(slots) - 1)
    slot = first_slot(label, mask)
    while slots[slot] >= 0:
        if keys[slots[slot]] == label:
            return numbers[slots[slot]]
        slot = (slot + np.uint64(1)) & mask
    return numbers.dtype.type(0)
