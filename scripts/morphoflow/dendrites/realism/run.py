"""Realism and memorisation of generated images from those of stores."""

import numpy as np
import pandas as pd
import torch

from morphoflow.dendrites.arbors.arbors import arbor_statistics
from morphoflow.dendrites.realism.distances import Distances
from morphoflow.dendrites.realism.inputs import Images
from morphoflow.dendrites.realism.memorisation import COLUMNS as NEAREST_COLUMNS
from morphoflow.dendrites.realism.memorisation import bent_copies, nearest_table
from morphoflow.dendrites.realism.realism import COLUMNS, realism_table
from morphoflow.dendrites.realism.sets import ImageSet, blurred, describe, in_units_of, noisy
from morphoflow.errors import CannotAnalyse
from morphoflow.tables import without

# Training images that are compared at a time.
BLOCK = 512
# Training images that are bent, to see whether they are found, at most.
COPIES = 40
# Held-out images that tell how near an image comes that is no copy, at most. Each is compared with
# all training images, which takes 1.2 CPU s for 2,880 of 64 pixels.
HELD_OUT = 200
NO_TRAINING = "no image is in the training split; give training a share of the split"


def measure_realism(
    real: Images,
    made: Images,
    settings: dict,
    seed: int,
    device: str | torch.device,
    simulated: Images | None = None,
) -> pd.DataFrame:
    """The table of :func:`realism_table`, over at most ``images`` images of each set.

    ``settings`` are ``images``, ``neighbours`` and ``repeats``. Held-out images are those of the
    validation and test splits, of which the generator saw neither. Without enough images of a
    set, the table says so.
    """
    try:
        return _realism(real, made, settings, seed, device, simulated)
    except CannotAnalyse as reason:
        return without(COLUMNS, reason)


def _realism(
    real: Images,
    made: Images,
    settings: dict,
    seed: int,
    device: str | torch.device,
    simulated: Images | None,
) -> pd.DataFrame:
    rng = np.random.default_rng([seed, 0])
    held = (real.splits != "train").astype(bool)
    if held.all():
        raise CannotAnalyse(NO_TRAINING)
    most = settings["images"]
    train, held_out = (real.take(side).drawn(most, rng) for side in (~held, held))
    made = made.drawn(most, rng)
    plain = [_described(images, device) for images in (made, train, held_out)]
    worse = _worse(train, held_out, seed, device)
    sets = dict(zip(("generated", "train", "held_out"), plain, strict=True))
    sets |= {"real": _both(plain[1], plain[2]), **worse}
    if simulated is not None:
        sets["simulated"] = _described(simulated.drawn(most, rng), device)
    scaled = in_units_of(plain[1], sets)
    first = [scaled.pop(name) for name in ("generated", "train", "held_out")]
    other = scaled.pop("simulated", None)
    distances = Distances(
        names=real.names,
        sd=train.statistics.std(axis=0),
        neighbours=settings["neighbours"],
        seed=seed,
        device=device,
    )
    given = {"repeats": settings["repeats"], "seed": seed, "simulated": other}
    return realism_table(*first, scaled, distances, **given)


def measure_nearest(
    real: Images, made: Images, seed: int, device: str | torch.device
) -> pd.DataFrame:
    """The table of :func:`nearest_table` for all generated images and up to HELD_OUT held-out ones.

    Some training images, bent, are among them, to tell what share of copies is found. Without
    training images, the table says so.
    """
    held = (real.splits != "train").astype(bool)
    if held.all():
        return without(NEAREST_COLUMNS, NO_TRAINING)
    train, rng = real.take(~held), np.random.default_rng([seed, 1])
    copied = train.drawn(COPIES, rng)
    bent = copied.ids, bent_copies(copied.read(), rng)
    sides = {"generated": made, "held_out": real.take(held).drawn(HELD_OUT, rng)}
    stacks = {name: (images.ids, images.read()) for name, images in sides.items()}
    stacks["bent"] = bent
    parts = (
        train.take(np.arange(i, min(i + BLOCK, len(train)))) for i in range(0, len(train), BLOCK)
    )
    return nearest_table(stacks, ((part.ids, part.read()) for part in parts), device)


def _described(images: Images, device: str | torch.device) -> ImageSet:
    return describe(images.read(), images.groups, images.statistics, device)


def _worse(
    train: Images, held_out: Images, seed: int, device: str | torch.device
) -> dict[str, ImageSet]:
    """All real images blurred, and with noise, training images first."""
    sets = {}
    for name, images in (("train", train), ("held_out", held_out)):
        pixels, rng = images.read(), np.random.default_rng([seed, 2, len(sets)])
        for kind, made in (("blurred", blurred(pixels)), ("noisy", noisy(pixels, rng))):
            table = arbor_statistics(made, images.pixel_um)[images.names]
            sets[name, kind] = describe(made, images.groups, table.to_numpy(dtype=float), device)
    return {
        kind: _both(sets["train", kind], sets["held_out", kind]) for kind in ("blurred", "noisy")
    }


def _both(one: ImageSet, other: ImageSet) -> ImageSet:
    parts = {
        name: np.concatenate([getattr(one, name), getattr(other, name)])
        for name in ("images", "groups", "statistics", "spectra")
    }
    features = {
        name: np.concatenate([one.features[name], other.features[name]]) for name in one.features
    }
    return ImageSet(features=features, **parts)
