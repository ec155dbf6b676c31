"""What new neurons of a class are drawn from: the stems and the branch points of real ones."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from morphoflow.models.topological_synthesis.barcode import elder_bars

SHORTEST_UM = 1e-3

# How much a place in the list of what branch points are chosen by counts, beside its spread.
WEIGHTS = np.array([1.5] * 3 + [1.0] * 3 + [1.0, 1.0, 0.7, 1.0, 1.0, 5.0])


@dataclass(frozen=True, eq=False)
class Pool:
    """The m sections of real neurons, those nearer to the soma first, and their branch points.

    ``neuron``, ``parent`` (-1 for stems), ``compartment``, ``length`` and ``contraction`` (chord
    over length), ``step`` (length of a segment), ``turn`` and ``fork_turn`` (radians, within and
    before the section), ``begin_radius``, ``end_radius`` are (m,), in um;
    ``direction`` and ``outward`` (m, 3) are unit vectors along the section, and from the soma to
    its end; ``path`` (m,) is the way to its end along the cable. ``birth``, ``death``, ``host``
    (bars,) are those of ``elder_bars``, and ``stem`` (bars,) the section that the stem of each
    begins with. ``forks`` (f, 3) are branch points: the section that ends there, the one that
    goes on its bar, and one that leaves it; ``choice`` (f, 12) is what they are chosen by.
    """

    neuron: np.ndarray
    frames: dict[int, np.ndarray]
    parent: np.ndarray
    compartment: np.ndarray
    length: np.ndarray
    contraction: np.ndarray
    step: np.ndarray
    turn: np.ndarray
    fork_turn: np.ndarray
    begin_radius: np.ndarray
    end_radius: np.ndarray
    direction: np.ndarray
    outward: np.ndarray
    path: np.ndarray
    birth: np.ndarray
    death: np.ndarray
    host: np.ndarray
    stem: np.ndarray
    forks: np.ndarray
    choice: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame) -> "Pool":
        """The pool of a table of :func:`section_table`."""
        parent = table["parent"].to_numpy()
        length = np.maximum(table["length_um"].to_numpy(), SHORTEST_UM)
        chord = table[["x_um", "y_um", "z_um"]].to_numpy()
        bar, birth, death, host = elder_bars(parent, length)
        end, path, top = chord.copy(), length.copy(), np.arange(len(parent))
        for row in np.flatnonzero(parent >= 0):
            up = parent[row]
            end[row], path[row], top[row] = end[row] + end[up], path[row] + path[up], top[up]
        neuron = table["neuron"].to_numpy()
        frames = {
            of: principal_frame(end[neuron == of], length[neuron == of]) for of in np.unique(neuron)
        }
        turned_in = np.stack([frames[of] for of in neuron])
        chord, end = (np.einsum("ni,nij->nj", v, turned_in) for v in (chord, end))
        terminal = ~np.isin(np.arange(len(parent)), parent)
        direction, outward = unit(chord), unit(end)
        forks, compartment = _forks(parent, bar), table["compartment"].to_numpy()
        at, heir, leaving = forks.T
        choice = fork_choice(
            direction[at],
            outward[at],
            path[at],
            length[[heir, leaving]],
            terminal[[heir, leaving]],
            compartment[at],
        )
        straight = np.linalg.norm(chord, axis=1) / length
        return cls(
            neuron=neuron,
            frames=frames,
            parent=parent,
            compartment=compartment,
            length=length,
            contraction=np.clip(straight, 0.1, 1.0),
            step=length / table["steps"].to_numpy(),
            turn=np.radians(table["turn_deg"].to_numpy()),
            fork_turn=np.radians(table["fork_turn_deg"].to_numpy()),
            begin_radius=table["begin_radius_um"].to_numpy(),
            end_radius=table["end_radius_um"].to_numpy(),
            direction=direction,
            outward=outward,
            path=path,
            birth=birth,
            death=death,
            host=host,
            stem=top[np.unique(bar, return_index=True)[1]],
            forks=forks,
            choice=choice,
        )

    def bars_of(self, stem: int) -> np.ndarray:
        """The bars of a stem in the order of their births, the longest first among equals."""
        bars = np.flatnonzero(self.stem == stem)
        return bars[np.lexsort((-self.death[bars], self.birth[bars]))]


def principal_frame(end: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The principal axes (3, 3) of a neuron, the longest first, as columns.

    ``end`` (m, 3) are the ends of its sections seen from the soma, weighted by ``length`` (m,).
    Each axis points to where the neuron reaches farther.
    """
    _, axes = np.linalg.eigh((end * length[:, None]).T @ end)
    axes = axes[:, ::-1]
    skew = (length[:, None] * (end @ axes) ** 3).sum(axis=0)
    return axes * np.where(skew < 0, -1.0, 1.0)


def fork_choice(
    direction: np.ndarray,
    outward: np.ndarray,
    path: np.ndarray,
    length: np.ndarray,
    terminal: np.ndarray,
    compartment: np.ndarray,
) -> np.ndarray:
    """What branch points are chosen by, (f, 12).

    ``direction`` and ``outward`` (f, 3) and ``path`` and ``compartment`` (f,) are of the section
    that ends there, ``length`` and whether it is ``terminal`` (2, f) of the two that begin.
    """
    logs = np.log1p(np.stack([*length, path], axis=1))
    return np.column_stack([direction, outward, logs, *terminal, compartment]).astype(np.float64)


def unit(v: np.ndarray) -> np.ndarray:
    """The vectors (..., 3) at length 1; along z where they have none."""
    norm = np.linalg.norm(v, axis=-1, keepdims=True)
    return np.where(norm > 0, v / np.where(norm > 0, norm, 1), np.array([0.0, 0.0, 1.0]))


def turned(start: np.ndarray, goal: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The vectors ``v`` (..., 3) after the smallest turn from ``start`` to ``goal``, unit vectors.

    Two reflections: one turns ``start`` to the middle of both, the other that to ``goal``. Where
    they are opposite, the turn is about any axis across.
    """
    middle = unit(start + goal)
    first = 2 * (v * start).sum(axis=-1, keepdims=True) * start - v
    return 2 * (first * middle).sum(axis=-1, keepdims=True) * middle - first


def _forks(parent: np.ndarray, bar: np.ndarray) -> np.ndarray:
    """Branch points (f, 3): parent, heir and one that leaves, a row for each that leaves."""
    child = np.flatnonzero(parent >= 0)
    goes_on = bar[child] == bar[parent[child]]
    heir_of = np.full(len(parent), -1)
    heir_of[parent[child[goes_on]]] = child[goes_on]
    leaving = child[~goes_on]
    return np.stack([parent[leaving], heir_of[parent[leaving]], leaving], axis=1)
