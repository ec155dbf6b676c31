"""The table of morphometrics: one row of named features per neuron."""

import numpy as np

from morphoflow.neurons.forest import Forest
from morphoflow.neurons.morphometrics_angles import angles
from morphoflow.neurons.morphometrics_length import paths, sections
from morphoflow.neurons.morphometrics_sholl import sholl
from morphoflow.neurons.morphometrics_space import extents, moments
from morphoflow.neurons.morphometrics_topology import topology
from morphoflow.neurons.morphometrics_tree import Trees


def morphometrics(forest: Forest) -> tuple[np.ndarray, list[str]]:
    """Measure each neuron: features (n, d) float32 and their d names, units in the names.

    Only the shape is used. The SWC type codes give cell types away (apical dendrites are coded
    in excitatory cells almost alone), and many reconstructions carry a placeholder as radius.
    Every feature has a value for every tree, a soma alone included.
    """
    trees = Trees.of(forest)
    features = {
        **paths(trees),
        **topology(trees),
        **sections(trees),
        **angles(trees),
        **extents(forest, trees),
        **moments(trees),
        **sholl(trees),
    }
    return np.stack(list(features.values()), axis=1).astype(np.float32), list(features)
