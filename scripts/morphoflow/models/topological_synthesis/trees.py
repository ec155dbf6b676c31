"""New neurons by topological synthesis, class by class from its training neurons."""

from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from scipy.spatial import cKDTree

from morphoflow.errors import InputError
from morphoflow.file_names import without_spaces
from morphoflow.forest import Forest, concatenate
from morphoflow.model import Model
from morphoflow.models.topological_synthesis.barcode import grow_stem
from morphoflow.models.topological_synthesis.cable import Sections, cable
from morphoflow.models.topological_synthesis.pool import WEIGHTS, Pool, fork_choice, turned, unit
from morphoflow.neurons.samples.sections import section_table
from morphoflow.seeds import numpy_generator
from morphoflow.store import Samples

UNKNOWN = "unknown"
# Real stems and branch points that a new one is drawn from, the most like it.
NEAREST = 5
# What new ones differ by from those: lengths of a neuron and of its bars (log), and directions.
NEURON_JITTER, BAR_JITTER, TURN_JITTER = 0.05, 0.05, np.radians(6)


def make_trees(
    model: Model, samples: Samples, objects: pd.DataFrame, settings: dict, device: torch.device
) -> tuple[Forest, pd.DataFrame]:
    """New neurons of each class, and a table of ``id``, ``label`` and ``reference``.

    ``settings`` are ``number`` (neurons of each class) and ``seed``. A new neuron has the number of
    stems of its ``reference``, a training neuron of the class. Neuron k of a class does not depend
    on how many are asked for.
    """
    labels = objects["label"].fillna(UNKNOWN).to_numpy(dtype=str)
    table = section_table(np.asarray(samples.x), np.asarray(samples.length))
    train = (objects["split"] == "train").to_numpy()
    weight = model.state["choice"].numpy()
    forests, rows = [], []
    names = without_spaces([str(label) for label in np.unique(labels)])
    for number, label in enumerate(np.unique(labels)):
        grower = Grower(_pool(table, train & (labels == label), label), weight)
        for k in range(settings["number"]):
            identifier = f"generated_{names[label]}_{k:04d}"
            rng = numpy_generator(settings["seed"], "sampling", number, k)
            forest, reference = grower.grow(identifier, rng)
            forests.append(forest)
            rows.append((identifier, label, samples.ids[reference]))
    return concatenate(forests), pd.DataFrame(rows, columns=["id", "label", "reference"])


def _pool(table: pd.DataFrame, chosen: np.ndarray, label: str) -> Pool:
    """The pool of the chosen neurons; InputError where they have no cable."""
    rows = chosen[table["neuron"]]
    if not rows.any():
        raise InputError(
            f'no neuron of the label "{label}" in the training split has cable to grow new ones '
            "from; give the split a larger share, or add neurons."
        )
    own = table[rows]
    place = np.cumsum(rows) - 1
    parent = own["parent"].to_numpy()
    return Pool.of(own.assign(parent=np.where(parent < 0, -1, place[parent])))


class Grower:
    """Grows neurons from a ``pool`` of real ones; ``weight`` is that of :func:`grow_stem`."""

    def __init__(self, pool: Pool, weight: np.ndarray) -> None:
        self.pool, self.weight = pool, weight
        self.stems = np.flatnonzero(pool.parent < 0)
        self.stem_choice = _stem_choice(pool, self.stems)
        spread = np.maximum(pool.choice.std(axis=0), 1e-6) if len(pool.choice) else 1.0
        # Directions have one scale, however the neurons lie.
        self.scale = WEIGHTS / np.where(np.arange(len(WEIGHTS)) < 6, 1.0, spread)
        self.tree = cKDTree(pool.choice * self.scale)
        terminal = ~np.isin(np.arange(len(pool.parent)), pool.parent)
        self.shapes = cKDTree(_shape_choice(pool.length, terminal, pool.compartment))

    def grow(self, identifier: str, rng: np.random.Generator) -> tuple[Forest, int]:
        """A new neuron, and the one of the pool whose number of stems and directions it has."""
        reference = rng.choice(np.unique(self.pool.neuron))
        own = self.stems[self.pool.neuron[self.stems] == reference]
        sections = self._placed(*self._topology(own, rng), own, rng)
        frame = self.pool.frames[reference]
        sections = replace(sections, direction=sections.direction @ frame.T)
        return cable(identifier, self.pool, sections, rng), int(reference)

    def _topology(
        self, own: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Parents, lengths and heirs of all sections, each stem with the bars of one like it."""
        whole = np.exp(NEURON_JITTER * rng.standard_normal())
        parts, made = [], 0
        for stem in own:
            birth, death = self._bars(self._donor(stem, rng), whole, rng)
            uniform = rng.random(len(birth))
            parent, length, heir = grow_stem(birth, death, self.weight, uniform)
            parts.append((np.where(parent < 0, -1, parent + made), length, heir))
            made += len(parent)
        parent, length, heir = (np.concatenate(part) for part in zip(*parts, strict=True))
        return parent, length, heir

    def _donor(self, stem: int, rng: np.random.Generator) -> int:
        """A stem like this one of another neuron, or of this where there is no other."""
        neuron = self.pool.neuron[self.stems]
        others = np.flatnonzero(neuron != self.pool.neuron[stem])
        if len(others) == 0:
            return stem
        own = self.stem_choice[self.stems == stem][0]
        gap = np.linalg.norm(self.stem_choice[others] - own, axis=1)
        return self.stems[rng.choice(others[np.argsort(gap, kind="stable")[:NEAREST]])]

    def _bars(
        self, stem: int, whole: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Births and deaths of the bars of a stem with jitter, in the order of :func:`grow_stem`.

        Bars that leave another together still do.
        """
        bars = self.pool.bars_of(stem)
        old, death = self.pool.birth[bars], self.pool.death[bars]
        at = np.unique(np.stack([self.pool.host[bars], old]), axis=1, return_inverse=True)[1]
        birth = whole * old * np.exp(BAR_JITTER * rng.standard_normal(len(bars)))[at.ravel()]
        death = birth + whole * (death - old) * np.exp(BAR_JITTER * rng.standard_normal(len(bars)))
        # The longest goes on to the end, whichever bar it was.
        death[0] = death.max()
        order = np.lexsort((-death, birth))
        return birth[order], death[order]

    def _placed(
        self,
        parent: np.ndarray,
        length: np.ndarray,
        heir: np.ndarray,
        own: np.ndarray,
        rng: np.random.Generator,
    ) -> Sections:
        """The sections with directions, from the soma outwards, all of one order at once."""
        m, pool = len(parent), self.pool
        like, direction = np.zeros(m, dtype=np.int64), np.zeros((m, 3))
        shape = np.zeros(m, dtype=np.int64)
        end, path = np.zeros((m, 3)), np.zeros(m)
        terminal, heir_of = ~np.isin(np.arange(m), parent), np.full(m, -1)
        heir_of[parent[heir]] = np.flatnonzero(heir)
        level = np.flatnonzero(parent < 0)
        like[level], direction[level] = own, jittered(pool.direction[own], rng)
        while True:
            compartment = pool.compartment[like[level]]
            look = _shape_choice(length[level], terminal[level], compartment)
            shape[level] = _one_near(self.shapes, look, rng)
            chord = (length * pool.contraction[shape])[level, None] * direction[level]
            first = parent[level] < 0
            end[level] = np.where(first[:, None], 0.0, end[parent[level]]) + chord
            path[level] = np.where(first, 0.0, path[parent[level]]) + length[level]
            heirs = np.flatnonzero(heir & np.isin(parent, level))
            if len(heirs) == 0:
                return Sections(parent, length, like, shape, direction)
            # A branch point is made for each section that leaves one; heirs follow the first.
            leaving = np.flatnonzero(~heir & np.isin(parent, level))
            at = parent[leaving]
            pair = np.stack([heir_of[at], leaving])
            choice = fork_choice(
                direction[at],
                unit(end[at]),
                path[at],
                length[pair],
                terminal[pair],
                pool.compartment[like[at]],
            )
            fork = _one_near(self.tree, choice * self.scale, rng)
            for section, real in zip(pair, pool.forks[fork, 1:].T, strict=True):
                like[section] = real
                way = turned(
                    pool.direction[pool.forks[fork, 0]], direction[at], pool.direction[real]
                )
                direction[section] = jittered(way, rng)
            level = np.concatenate([heirs, leaving])


def jittered(direction: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors (m, 3) that lie about TURN_JITTER away from ``direction``."""
    return unit(direction + TURN_JITTER * rng.standard_normal(direction.shape))


def _stem_choice(pool: Pool, stems: np.ndarray) -> np.ndarray:
    """What stems are chosen by (stems, 7): direction, logs of cable, tips and path, compartment."""
    rows = []
    for stem in stems:
        birth, death = pool.birth[pool.stem == stem], pool.death[pool.stem == stem]
        logs = np.log1p([(death - birth).sum(), len(birth), death.max()])
        rows.append([*pool.direction[stem], *logs, 5.0 * pool.compartment[stem]])
    return np.array(rows).reshape(-1, 7)


def _shape_choice(length: np.ndarray, terminal: np.ndarray, compartment: np.ndarray) -> np.ndarray:
    """What a section's segments and bends are chosen by (m, 3)."""
    return np.column_stack([np.log(length), terminal, 5.0 * compartment])


def _one_near(tree: cKDTree, wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each row of ``wanted`` one of the rows of ``tree`` that are most like it."""
    k = min(NEAREST, tree.n)
    near = tree.query(wanted, k=k)[1].reshape(len(wanted), k)
    return near[np.arange(len(near)), rng.integers(k, size=len(near))]
