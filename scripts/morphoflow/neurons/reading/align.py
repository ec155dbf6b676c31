"""Neurons turned into a frame of their own, with how sure each of its directions is.

A vertical is given, or estimated: from the soma to the middle of the apical dendrite where there is
one, else along the cable, towards the side on which it reaches farther.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.forest import Forest
from morphoflow.neurons.morphometrics.tree import child_table, section_ends

AXON, APICAL = 2, 4
NONE, PCA, UPRIGHT, COLUMN = "none", "pca", "upright", "column"
# Times that the sections of each neuron are weighed anew, to see how far its directions move.
DRAWS = 40
VERTICAL = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Alignment:
    """How neurons are turned: ``pca`` lays the longest axis along x and the next along y.

    ``upright`` turns the vertical to y by the smallest turn, and ``column`` turns about it, too,
    until the widest horizontal direction is x. ``pia_axis`` is the vertical in the coordinates of
    the files, None where it is to be estimated for each neuron. No neuron is mirrored.
    """

    how: str
    pia_axis: Sequence[float] | None = None


@dataclass(frozen=True)
class Cable:
    """Segments (s,) of all n neurons: their ``middle`` (s, 3), ``length``, ``owner``, section.

    ``apical`` (s,) is 1 for segments of the apical dendrite.
    """

    middle: np.ndarray
    length: np.ndarray
    owner: np.ndarray
    section: np.ndarray
    apical: np.ndarray
    n: int

    @classmethod
    def of(cls, forest: Forest, kept: np.ndarray) -> "Cable":
        """The cable above the nodes that are ``kept`` (N,)."""
        up = forest.parent_row
        xyz = forest.xyz.astype(np.float64)
        rows = np.flatnonzero(kept & (forest.segment_length > 0))
        middle = (xyz[rows] + xyz[up[rows]]) / 2
        section = section_ends(*child_table(up))[rows]
        apical = (forest.compartment[rows] == APICAL).astype(np.float64)
        length, owner = forest.segment_length[rows], forest.owner[rows]
        return cls(middle, length, owner, section, apical, forest.n)

    def sums(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The sums (n, k) over each neuron of ``values`` (s, k) by length and ``weight`` (s,)."""
        by = self.length * weight
        columns = [np.bincount(self.owner, by * column, self.n) for column in values.T]
        return np.stack(columns, axis=1)


def align(forest: Forest, alignment: Alignment, seed: int) -> tuple[Forest, pd.DataFrame]:
    """The neurons in their frames, and columns for the object table, in their order.

    ``align_from`` is what the vertical, or first axis, was taken from; ``align_turn_deg`` how far
    the neuron was turned; ``align_uncertainty_deg`` the root mean square angle by which that axis
    moves where sections are weighed anew (the Bayesian bootstrap: Rubin, Annals of Statistics 9,
    1981), missing for one that is given; of ``column``
    and ``pca``, ``align_around_uncertainty_deg`` is the same for the direction across it; and
    ``pia_axis_off_deg`` is the angle between a given vertical and the one that would be estimated.
    Raises InputError for a vertical that is none, or that nothing asks for.
    """
    _check(alignment)
    if alignment.how == NONE:
        return forest, pd.DataFrame(index=range(forest.n))
    finder = Finder(forest, alignment)
    frame = finder.frames(np.ones(len(finder.all.length)))
    turned = np.einsum("nij,nj->ni", frame[forest.owner], forest.xyz.astype(np.float64))
    xyz = turned.astype(np.float32)
    turn = np.arccos(np.clip((np.trace(frame, axis1=1, axis2=2) - 1) / 2, -1, 1))
    columns = {"align_from": finder.source, "align_turn_deg": np.degrees(turn)}
    columns |= _uncertainty(finder, frame, np.random.default_rng(seed))
    return replace(forest, xyz=xyz), pd.DataFrame(columns)


class Finder:
    """Finds the frames of neurons, from their cable as it is or with sections weighed anew."""

    def __init__(self, forest: Forest, alignment: Alignment) -> None:
        self.alignment = alignment
        axon = forest.compartment == AXON
        # An axon may run anywhere; where there is other cable, it alone says how a neuron lies.
        only_axon = np.bincount(forest.owner, ~axon * forest.segment_length, forest.n) == 0
        self.all = Cable.of(forest, ~axon | only_axon[forest.owner])
        self.has_apical = np.bincount(self.all.owner, self.all.apical, forest.n) > 0
        self.source = np.where(self.has_apical, "apical", "cable").astype(object)
        if alignment.how == PCA:
            self.source[:] = "cable"
        elif alignment.pia_axis is not None:
            self.source[:] = "given"

    def frames(self, weight: np.ndarray) -> np.ndarray:
        """Rotations (n, 3, 3) into the frames; ``weight`` (s,) is how often a segment counts."""
        if self.alignment.how == PCA:
            axes = self._axes(weight, np.eye(3)[None].repeat(self.all.n, 0))
            return _right_handed(axes[:, 0], axes[:, 1])
        upright = _smallest_turns(self.vertical(weight))
        if self.alignment.how == UPRIGHT:
            return upright
        flat = upright * (1 - VERTICAL)[:, None]
        across = self._axes(weight, flat)[:, 0]
        return _right_handed(across, np.einsum("nji,j->ni", upright, VERTICAL))

    def vertical(self, weight: np.ndarray) -> np.ndarray:
        """The given vertical (n, 3), or that which is estimated."""
        if self.alignment.pia_axis is not None:
            given = np.array(self.alignment.pia_axis, dtype=np.float64)
            return np.tile(_unit(given), (self.all.n, 1))
        return self.estimated(weight)

    def estimated(self, weight: np.ndarray) -> np.ndarray:
        """The vertical (n, 3) by apical dendrite or cable."""
        middle = self.all.sums(self.all.middle, weight * self.all.apical)
        axis = self._axes(weight, np.eye(3)[None].repeat(self.all.n, 0))[:, 0]
        by_apical = self.has_apical & middle.any(axis=1)
        return np.where(by_apical[:, None], _unit(middle), axis)

    def _axes(self, weight: np.ndarray, within: np.ndarray) -> np.ndarray:
        """The principal axes (n, 3, 3) as rows, longest first, after a projection (n, 3, 3).

        Each points to where the cable reaches farther.
        """
        cable = self.all
        place = np.einsum("sij,sj->si", within[cable.owner], cable.middle)
        pairs = (place[:, :, None] * place[:, None]).reshape(-1, 9)
        moment = cable.sums(pairs, weight).reshape(-1, 3, 3)
        axes = np.linalg.eigh(moment)[1][:, :, ::-1].transpose(0, 2, 1)
        along = np.einsum("sij,sj->si", axes[cable.owner], place)
        sign = np.where(cable.sums(along**3, weight) < 0, -1.0, 1.0)
        return np.einsum("nki,nij->nkj", axes * sign[:, :, None], within)


def _check(alignment: Alignment) -> None:
    given = alignment.pia_axis
    if given is None:
        return
    if alignment.how not in (UPRIGHT, COLUMN):
        raise InputError(
            f"pia_axis is {list(given)}, but align is '{alignment.how}', which asks for no "
            "vertical; set align to upright or column, or leave out pia_axis."
        )
    if not np.any(given):
        raise InputError("pia_axis is 0 along x, y and z; give the direction towards the pia.")


def _uncertainty(finder: Finder, frame: np.ndarray, rng: np.random.Generator) -> dict:
    how, given = finder.alignment.how, finder.alignment.pia_axis is not None
    first, across = (0, 1) if how == PCA else (1, 0)
    squares = np.zeros((2, finder.all.n))
    n_sections = int(finder.all.section.max(initial=0)) + 1
    for _ in range(DRAWS):
        drawn = finder.frames(rng.exponential(size=n_sections)[finder.all.section])
        for row, axis in enumerate((first, across)):
            squares[row] += _angle_deg(drawn[:, axis], frame[:, axis]) ** 2
    moved = np.sqrt(squares / DRAWS)
    columns = {"align_uncertainty_deg": np.where(given & (how != PCA), np.nan, moved[0])}
    if how != UPRIGHT:
        columns["align_around_uncertainty_deg"] = moved[1]
    if given and how != PCA:
        all_alike = np.ones(len(finder.all.length))
        off = _angle_deg(finder.vertical(all_alike), finder.estimated(all_alike))
        columns["pia_axis_off_deg"] = off
    return columns


def _unit(v: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(v, axis=-1, keepdims=True)
    return v / np.where(norm > 0, norm, 1.0)


def _angle_deg(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip((u * v).sum(axis=1), -1, 1)))


def _right_handed(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rotations (n, 3, 3) to the axes ``x`` and ``y`` (n, 3), which are at right angles."""
    return np.stack([x, y, np.cross(x, y)], axis=1)


def _smallest_turns(vertical: np.ndarray) -> np.ndarray:
    """Rotations (n, 3, 3) by the smallest turn that brings unit vectors (n, 3) to y.

    Of one that points down, about x.
    """
    v = np.cross(vertical, VERTICAL)
    cosine = vertical @ VERTICAL
    zero = np.zeros(len(v))
    skew = np.array(
        [[zero, -v[:, 2], v[:, 1]], [v[:, 2], zero, -v[:, 0]], [-v[:, 1], v[:, 0], zero]]
    )
    skew = skew.transpose(2, 0, 1)
    down = cosine <= -1 + 1e-12
    share = 1 / np.where(down, 1.0, 1 + cosine)
    turns = np.eye(3) + skew + skew @ skew * share[:, None, None]
    turns[down] = np.diag([1.0, -1.0, -1.0])
    return turns
