"""Parts of the data that MorphVAE is given on purpose: fewer neurons, fewer or shorter walks."""

from dataclasses import replace

import numpy as np

from morphoflow.errors import InputError
from morphoflow.store import Samples


def kept_walks(samples: Samples, settings: dict) -> Samples:
    """The first ``walks`` of each neuron and the first ``walk_steps`` of each; None keeps all.

    Walks begin alike whatever their number and length, see
    :func:`morphoflow.neurons.samples.walks.sample_walks`, so these are those that would have been
    sampled.
    """
    asked = (settings["walks"], settings["walk_steps"])
    if asked == (None, None):
        return samples
    kept = []
    sampled = samples.x.shape[1:3]
    for name, there, wanted in zip(("walks", "walk_steps"), sampled, asked, strict=True):
        if wanted is not None and wanted > there:
            raise InputError(
                f"`{name}` is {wanted}, but only {there} were sampled; set it to at most {there}, "
                "or sample more with the `walks` of the dataset."
            )
        kept.append(wanted or there)
    walks, steps = kept
    length = np.minimum(samples.length[:, :walks], steps)
    return replace(samples, x=samples.x[:, :walks, :steps], length=length)


def training_subset(
    ids: np.ndarray, numbers: np.ndarray, wanted: int | None, generator: np.random.Generator
) -> np.ndarray:
    """The positions, sorted, of ``wanted`` of the neurons, each class with its share of them.

    ``ids`` (n,) and class ``numbers`` (n,); None keeps all. Which ones depends on the ids and the
    generator, not on the order of the rows, and a larger subset contains a smaller one.
    """
    if wanted is None:
        return np.arange(len(ids))
    if wanted > len(ids):
        raise InputError(
            f"`training_neurons` is {wanted}, but the training split has {len(ids)}; set it to at "
            "most that, or give the split a larger share."
        )
    place = np.empty(len(ids))
    for number in np.unique(numbers):
        members = np.flatnonzero(numbers == number)
        members = generator.permutation(members[np.argsort(ids[members])])
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.sort(np.lexsort((ids, place))[:wanted])
