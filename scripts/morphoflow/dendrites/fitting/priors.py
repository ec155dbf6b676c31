"""Which parameters of growth are fitted, and within which bounds."""

from dataclasses import dataclass, replace

import numpy as np

from morphoflow.dendrites.simulator.simulate import Growth


@dataclass(frozen=True)
class Bounds:
    """Least and largest value of a parameter; the prior is uniform, of the logarithm if ``log``."""

    low: float
    high: float
    log: bool = True

    def value(self, unit: np.ndarray) -> np.ndarray:
        """The values at places (n,) between 0 and 1."""
        if self.log:
            return self.low * (self.high / self.low) ** unit
        return self.low + (self.high - self.low) * unit


# A factor of some three about what is known of class IV neurons; below a contact of a fifth of a
# node's spacing tips pass through cable.
BOUNDS = {
    "branching_rate": Bounds(0.004, 0.03),
    "growing": Bounds(0.7, 1.4),
    "shrinking": Bounds(0.7, 1.4),
    "pausing": Bounds(0.5, 2.0),
    "contact_um": Bounds(0.05, 0.8, log=False),
    "territory_um": Bounds(60.0, 180.0),
    "minutes": Bounds(120.0, 400.0),
    "persistence_um": Bounds(25.0, 400.0),
}


def values(names: list[str], unit: np.ndarray) -> np.ndarray:
    """The values (n, p) of the parameters at places (n, p) of the unit cube."""
    columns = [BOUNDS[name].value(u) for name, u in zip(names, unit.T, strict=True)]
    return np.stack(columns, axis=1)


def growth_at(growth: Growth, names: list[str], row: np.ndarray) -> Growth:
    """``growth`` with the values of a row (p,) of :func:`values`."""
    return replace(growth, **dict(zip(names, map(float, row), strict=True)))
