"""Generated and real neurons that are compared, class by class."""

from dataclasses import dataclass

import numpy as np

from morphoflow.errors import InputError
from morphoflow.neurons.forest import Forest
from morphoflow.neurons.morphometrics import morphometrics

# Neurons of a class on each side, at least, for it to be compared.
FEWEST = 2


@dataclass(frozen=True, eq=False)
class Neurons:
    """Neurons of one kind with their labels (n,) and morphometrics ``x`` (n, d) by ``names``."""

    forest: Forest
    labels: np.ndarray
    x: np.ndarray
    names: list[str]

    @classmethod
    def of(cls, forest: Forest, labels: np.ndarray) -> "Neurons":
        """Measure the neurons of a forest."""
        return cls(forest, labels, *morphometrics(forest))

    def __len__(self) -> int:
        return len(self.labels)

    def of_label(self, label: str) -> "Neurons":
        """Those of a label."""
        rows = np.flatnonzero(self.labels == label)
        return Neurons(self.forest.select(rows), self.labels[rows], self.x[rows], self.names)


@dataclass(frozen=True, eq=False)
class Sets:
    """Generated neurons, and real ones of the training and the test split."""

    generated: Neurons
    train: Neurons
    held_out: Neurons

    @property
    def labels(self) -> list[str]:
        """The labels that each set has enough neurons of; InputError if there are none."""
        common = [
            str(label)
            for label in np.unique(self.generated.labels)
            if min((s.labels == label).sum() for s in self.parts) >= FEWEST
        ]
        if not common:
            raise InputError(
                f"no label has {FEWEST} neurons each among the generated ones, in the training "
                "split and in the test split; generate more, or give more real neurons."
            )
        return common

    @property
    def parts(self) -> tuple[Neurons, Neurons, Neurons]:
        """The three sets."""
        return self.generated, self.train, self.held_out

    def of_label(self, label: str) -> "Sets":
        """Those of a label."""
        return Sets(*(part.of_label(label) for part in self.parts))
