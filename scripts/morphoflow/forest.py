"""Many neurons as one set of flat arrays, and their file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from morphoflow.errors import InputError
from morphoflow.integrity import new_store, open_store
from morphoflow.store import array_of, read_ids, write_array, write_ids

DTYPES = {
    "offsets": np.int64,
    "xyz": np.float32,
    "radius": np.float32,
    "parent": np.int32,
    "compartment": np.uint8,
    "bridge": np.bool_,
}
PER_NODE = ("xyz", "radius", "parent", "compartment", "bridge")


@dataclass(frozen=True, eq=False)
class Forest:
    """Neurons as trees; neuron ``i`` owns the nodes ``offsets[i]:offsets[i + 1]``.

    ``ids`` (n,) str; ``offsets`` (n + 1,) int64; ``xyz`` (N, 3) float32 in um, the root of each
    neuron at the origin; ``radius`` (N,) float32 in um; ``parent`` (N,) int32, the index WITHIN
    the neuron, -1 for the root, which is node 0; parents precede their children; ``compartment``
    (N,) uint8, the SWC type code (1 soma, 2 axon, 3 dendrite, 4 apical dendrite); ``bridge`` (N,)
    bool, True where the way to the parent joins parts of the file that it leaves apart: walks take
    it, and no measure counts it.
    """

    ids: np.ndarray
    offsets: np.ndarray
    xyz: np.ndarray
    radius: np.ndarray
    parent: np.ndarray
    compartment: np.ndarray
    bridge: np.ndarray

    @property
    def n(self) -> int:
        """The number of neurons."""
        return len(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_nodes(self) -> np.ndarray:
        """The number of nodes of each neuron, (n,) int64."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> np.ndarray:
        """The neuron that each node belongs to, (N,) int64."""
        return np.repeat(np.arange(self.n), self.n_nodes)

    @property
    def parent_row(self) -> np.ndarray:
        """The row of each node's parent in the flat arrays, (N,) int64; -1 for roots."""
        start = np.repeat(self.offsets[:-1], self.n_nodes)
        return np.where(self.parent < 0, -1, self.parent + start)

    @property
    def measured_parent(self) -> np.ndarray:
        """:attr:`parent_row` with the bridges cut, (N,) int64: -1 where cable begins."""
        return np.where(self.bridge, -1, self.parent_row)

    @property
    def distance_to_parent(self) -> np.ndarray:
        """The distance of each node to its parent in um, (N,) float64; 0 for roots."""
        up = self.parent_row
        step = np.linalg.norm(self.xyz.astype(np.float64) - self.xyz[up], axis=1)
        return np.where(up < 0, 0.0, step)

    @property
    def segment_length(self) -> np.ndarray:
        """The cable from each node to its parent in um, (N,) float64; 0 for roots and bridges."""
        return np.where(self.bridge, 0.0, self.distance_to_parent)

    @property
    def cable_length(self) -> np.ndarray:
        """The sum of the segment lengths of each neuron in um, (n,) float64."""
        return np.bincount(self.owner, weights=self.segment_length, minlength=self.n)

    @property
    def bridge_length(self) -> np.ndarray:
        """The sum of the lengths of each neuron's bridges in um, (n,) float64."""
        length = np.where(self.bridge, self.distance_to_parent, 0.0)
        return np.bincount(self.owner, weights=length, minlength=self.n)

    def neuron(self, i: int) -> "Forest":
        """Neuron ``i`` as a forest of one."""
        return self.select([i])

    def select(self, indices: Sequence[int] | np.ndarray) -> "Forest":
        """The neurons at ``indices``, in that order."""
        indices = np.asarray(indices, dtype=np.int64)
        count = self.n_nodes[indices]
        offsets = np.concatenate([[0], np.cumsum(count)])
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[indices] - offsets[:-1], count)
        nodes = {name: getattr(self, name)[rows] for name in PER_NODE}
        return Forest(ids=self.ids[indices], offsets=offsets, **nodes)

    def check(self) -> None:
        """Raise InputError, naming the neuron, where the description of the class does not hold."""
        for name, dtype in DTYPES.items():
            if getattr(self, name).dtype != dtype:
                raise InputError(f"forest: '{name}' is not {np.dtype(dtype)}; convert it first.")
        if len(np.unique(self.ids)) != self.n:
            raise InputError("forest: ids are not unique; give each neuron an id of its own.")
        starts_at_zero = len(self.offsets) == self.n + 1 and self.offsets[0] == 0
        lengths = {len(getattr(self, name)) for name in PER_NODE}
        if not starts_at_zero or (self.n_nodes < 1).any() or lengths != {int(self.offsets[-1])}:
            raise InputError("forest: offsets do not fit the arrays; build the forest anew.")
        self._check_nodes()

    def _check_nodes(self) -> None:
        within = np.arange(len(self.parent)) - np.repeat(self.offsets[:-1], self.n_nodes)
        root = within == 0
        finite = np.isfinite(self.xyz).all(axis=1) & np.isfinite(self.radius)
        laws = {
            "has a root that is not its first node, or more than one root": root
            == (self.parent == -1),
            "has a node before its parent": root | ((self.parent >= 0) & (self.parent < within)),
            "has a coordinate or a radius that is not finite": finite,
            "has a radius that is not positive": ~finite | (self.radius > 0),
            "has its root away from the origin": ~root | (self.xyz == 0).all(axis=1),
        }
        for complaint, holds in laws.items():
            if not holds.all():
                node = int(np.argmin(holds))
                name = self.ids[self.owner[node]]
                raise InputError(
                    f"neuron '{name}' {complaint} (node {within[node]}); read it anew."
                )

    def write(self, path: Path, *, provenance: dict) -> None:
        """Write the forest as one zarr group; equal forests and provenance give equal bytes."""
        self.check()
        with new_store(path) as group:
            group.attrs.update({"form": "neurons", "units": "um", "provenance": provenance})
            write_ids(group, self.ids, ["neuron"])
            for name in DTYPES:
                write_array(group, name, getattr(self, name))

    @classmethod
    def read(cls, path: Path) -> "Forest":
        """Read a forest written by :meth:`write`, whole, into memory."""
        group = open_store(path)
        if group.attrs.get("form") != "neurons":
            raise InputError(f"{path} does not hold neurons; prepare the neurons anew.")
        arrays = {name: np.asarray(array_of(group, name)[:]) for name in DTYPES}
        return cls(ids=read_ids(group), **arrays)


def single(
    identifier: str,
    xyz: np.ndarray,
    parent: np.ndarray,
    radius: np.ndarray | float = 1.0,
    compartment: np.ndarray | int = 3,
    bridge: np.ndarray | bool = False,
) -> Forest:
    """One neuron as a forest, from arrays (or one value for all nodes) as in :class:`Forest`."""
    n = len(xyz)
    return Forest(
        ids=np.array([identifier], dtype=str),
        offsets=np.array([0, n], dtype=np.int64),
        xyz=np.ascontiguousarray(xyz, dtype=np.float32).reshape(n, 3),
        radius=np.broadcast_to(np.asarray(radius, dtype=np.float32), n).copy(),
        parent=np.asarray(parent, dtype=np.int32),
        compartment=np.broadcast_to(np.asarray(compartment, dtype=np.uint8), n).copy(),
        bridge=np.broadcast_to(np.asarray(bridge, dtype=np.bool_), n).copy(),
    )


def concatenate(forests: Sequence[Forest]) -> Forest:
    """Several forests (at least one) as one, in order."""
    nodes = {name: np.concatenate([getattr(f, name) for f in forests]) for name in PER_NODE}
    counts = np.concatenate([forest.n_nodes for forest in forests])
    ids = np.concatenate([forest.ids for forest in forests])
    return Forest(ids=ids, offsets=np.concatenate([[0], np.cumsum(counts)]), **nodes)
