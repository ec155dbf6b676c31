"""The walks of many neurons, each distinct one once, and batches of them packed by length."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from morphoflow.errors import InputError

# Walks that are computed at once. Packed, on the CPU: fewer spend more time on calls, more need
# more memory and gain little (measured). Else: what fits into any GPU.
PACKED_WALKS, UNPACKED_WALKS = 4096, 2**17


@dataclass(frozen=True)
class WalkTable:
    """The distinct walks of ``n`` neurons on a device, in ``m`` places each.

    A walk that occurs several times is computed once and weighted: what is deterministic stays the
    same, and so does the expectation of what is drawn at random.

    ``x`` (n, m, steps, 3) are coordinates in the unit of the model, 0 where a walk has ended,
    ``length`` (n, m) int64 numbers of nodes, ``weight`` (n, m) how often each walk occurs, 0 in
    places without a walk. On the CPU, ``n_walks`` (n,) int64 counts the places in use. ``packed``
    is whether batches are packed; on the CPU, since elsewhere it would mean to wait for the device.
    """

    x: Tensor
    length: Tensor
    weight: Tensor
    n_walks: np.ndarray
    packed: bool


@dataclass(frozen=True)
class Batch:
    """The walks of ``b`` neurons, of which ``counts[t]`` have a node at step ``t``.

    ``x`` (3, sum of counts) are the nodes of step 0, then those of step 1, and so on; within each
    step the order is that of the walks (w,). ``length``, ``weight`` (w,) are as in the table.
    ``neuron`` (w,) says to which neuron a walk belongs, ``place`` (b, m) which walk is at which
    place, ``filled`` (b, m) whether one is.
    If it is ``packed``, the walks are sorted by length, so that those that go on are the first
    ``counts[t]``, and there is one at each place that is filled; if not, there is one at each place
    and all counts are ``w``.
    """

    x: Tensor
    length: Tensor
    weight: Tensor
    neuron: Tensor
    place: Tensor
    filled: Tensor
    counts: list[int]
    packed: bool

    @property
    def steps(self) -> list[Tensor]:
        """The nodes (3, counts[t]) of each step."""
        return self.x.split(self.counts, dim=1)

    def active(self, step: int) -> Tensor:
        """Which of the first ``counts[step]`` walks have a node at this step, (counts[step],)."""
        return self.length[: self.counts[step]] > step

    def by_place(self, values: Tensor) -> Tensor:
        """``values`` (d, w) of the walks as (d, b, m); arbitrary where no place is filled."""
        chosen = values[:, self.place.flatten()] if self.packed else values
        return chosen.reshape(len(values), *self.place.shape)

    def neuron_sum(self, values: Tensor) -> Tensor:
        """The sums of ``values`` (w,) over the walks of each neuron, (b,)."""
        return torch.where(self.filled, self.by_place(values[None])[0], 0).sum(dim=1)


def coordinate_scale(x: np.ndarray, length: np.ndarray) -> float:
    """The root mean square (um) of the real coordinates of walks, without their first nodes."""
    step = np.arange(x.shape[2])
    real = x[(step > 0) & (step < length[..., None])]
    if len(real) == 0 or not np.any(real):
        raise InputError(
            f"no walk of the {len(x)} training neurons leaves the soma; check the compartments "
            "that are kept, or take these neurons out."
        )
    return float(np.sqrt(np.mean(real.astype(np.float64) ** 2)))


def distinct_walks(x: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the distinct walks of one neuron, whatever stands in the padding.

    ``x`` (walks, steps, 3), ``length`` (walks,). Returns the index of one example of each of the
    m distinct walks (m,), how often each occurs (m,), and which of them each walk is (walks,).
    """
    kept = np.arange(x.shape[1])[:, None] < length[:, None, None]
    # Zeros of either sign are the same place; as bytes they would differ.
    clean = np.where(kept, x, 0).astype(np.float32) + np.float32(0)
    rows = np.column_stack([length.astype(np.int32), clean.reshape(len(x), -1).view(np.int32)])
    keys = np.ascontiguousarray(rows).view(f"V{rows.strides[0]}").ravel()
    _, first, inverse, count = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    return first[order], count[order], np.argsort(order)[inverse]


def walk_table(x: np.ndarray, length: np.ndarray, scale: float, device: torch.device) -> WalkTable:
    """The table of walks ``x`` (n, walks, steps, 3) in um, divided by ``scale``."""
    distinct = [distinct_walks(walks, of) for walks, of in zip(x, length, strict=True)]
    n_walks = np.array([len(first) for first, _, _ in distinct])
    table_x = np.zeros((len(x), n_walks.max(), *x.shape[2:]), np.float32)
    table_length = np.ones(table_x.shape[:2], np.int64)
    table_weight = np.zeros(table_x.shape[:2], np.float32)
    for i, (first, count, _) in enumerate(distinct):
        kept = np.arange(x.shape[2])[:, None] < length[i, first, None, None]
        table_x[i, : len(first)] = np.where(kept, x[i, first], 0) / scale
        table_length[i, : len(first)] = length[i, first]
        table_weight[i, : len(first)] = count
    tensors = (torch.from_numpy(part).to(device) for part in (table_x, table_length, table_weight))
    return WalkTable(*tensors, n_walks, packed=device.type == "cpu")


def make_batch(table: WalkTable, rows: Tensor, factor: Tensor | None = None) -> Batch:
    """The walks of the neurons ``rows`` (b,), each neuron's multiplied by its ``factor`` (b,)."""
    x, length, weight = table.x[rows], table.length[rows], table.weight[rows]
    if factor is not None:
        x = x * factor[:, None, None, None]
    filled, n_steps = weight > 0, x.shape[2]
    x, length, weight = x.flatten(0, 1), length.flatten(), weight.flatten()
    order = torch.arange(len(length), device=x.device)
    counts = [len(order)] * n_steps
    if table.packed:
        order = torch.argsort(length * filled.flatten(), descending=True, stable=True)
        order = order[: int(filled.sum())]
        counts = (length[order, None] > torch.arange(n_steps)).sum(dim=0).tolist()
    place = torch.zeros_like(length)
    place[order] = torch.arange(len(order), device=x.device)
    nodes = torch.cat([x[order[:n], t] for t, n in enumerate(counts)]).T.contiguous()
    return Batch(
        nodes,
        length[order],
        weight[order],
        order // filled.shape[1],
        place.view(filled.shape),
        filled,
        counts,
        table.packed,
    )


def whole_batch(x: Tensor, length: Tensor) -> Batch:
    """All walks ``x`` (n, m, steps, 3) of ``length`` (n, m), each once, as a batch not packed."""
    n, m, n_steps, _ = x.shape
    x = torch.where(torch.arange(n_steps)[:, None] < length[..., None, None], x, 0)
    walks = torch.arange(n * m)
    return Batch(
        x.permute(3, 2, 0, 1).flatten(1),
        length.flatten(),
        torch.ones(n * m),
        walks // m,
        walks.view(n, m),
        torch.ones(n, m, dtype=torch.bool),
        [n * m] * n_steps,
        packed=False,
    )


def passes(table: WalkTable, rows: Tensor) -> list[Tensor]:
    """Split ``rows`` (b,) into parts, of at least one neuron, to be computed one after another."""
    if not table.packed:
        return list(rows.split(max(1, UNPACKED_WALKS // table.x.shape[1])))
    part = (np.cumsum(table.n_walks[rows.numpy()]) - 1) // PACKED_WALKS
    return list(rows.split(np.unique(part, return_counts=True)[1].tolist()))
