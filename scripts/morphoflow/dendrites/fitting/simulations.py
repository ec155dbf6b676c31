"""Images of arbors at given parameters, as the user's images are framed, and their statistics."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import zarr

from morphoflow.dendrites.arbors.arbors import SHOLL, arbor_statistics
from morphoflow.dendrites.fitting.priors import growth_at, values
from morphoflow.dendrites.simulator.render import Optics, render
from morphoflow.dendrites.simulator.simulate import Arbor, Growth, grow_arbor
from morphoflow.errors import CannotAnalyse, InputError
from morphoflow.store import Samples

# What tells arbors apart, whatever the microscope's light: no width, brightness or soma.
USED = (
    *("length_density", "branch_points", "tips", "cut_ends", "crossings", "contacts"),
    *("mean_segment", "median_segment", "tortuosity", "box_dimension", "mesh_size"),
    *("radius_of_gyration", "hull_area", *SHOLL),
)


@dataclass(frozen=True)
class Frame:
    """Images of ``size`` pixels of ``pixel_um``, with the soma in the middle if ``centred``."""

    size: int
    pixel_um: float
    centred: bool


def statistics_used(table: pd.DataFrame) -> np.ndarray:
    """The statistics (n, k) of a table of arbors in um, on scales on which they are near normal."""
    names = [next(c for c in table if c.startswith(stem)) for stem in USED]
    return np.log1p(table[names].to_numpy(dtype=float))


def framed(images: Samples, objects: pd.DataFrame, size: int) -> tuple[zarr.Array, Frame]:
    """The images (n, 1, s, s) at most ``size`` wide, and the frame to simulate them in.

    Raises CannotAnalyse where pixels are of unknown or different sizes, as growth is in um.
    """
    whole = images.x.shape[-1]
    pixel_um = images.attributes.get("pixel_um")
    if pixel_um is None:
        raise CannotAnalyse(
            "the simulator cannot be fitted, since the images have no common pixel size; name it "
            "in `pixel_um` of the sources, or bring them to one by `images.pixel_um`"
        )
    level = images.x if whole <= size else images.levels[size]
    centred = bool((objects["crop"] == "soma").all())
    return level, Frame(level.shape[-1], pixel_um * whole / level.shape[-1], centred)


def made(growth: Growth, frame: Frame, rng: np.random.Generator) -> tuple[Arbor, np.ndarray]:
    """An arbor and its image (s, s) uint8; raises InputError where it outgrows the memory."""
    arbor = grow_arbor(growth, frame.size * frame.pixel_um, rng)
    if frame.centred:
        arbor = replace(arbor, middle=np.zeros(2))
    return arbor, render(arbor, Optics(), frame.size, frame.pixel_um, rng)


def simulated(
    names: list[str], unit: np.ndarray, frame: Frame, stream: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """One image at each of ``unit`` (n, p): the rows (m,) of those made and statistics (m, k).

    Arbors that outgrow the memory are left out; InputError where all do. ``stream`` and the row of
    an image seed it.
    """
    kept, tables, outgrown = [], [], None
    for i, row in enumerate(values(names, unit)):
        rng = np.random.default_rng([*stream, i])
        try:
            _, image = made(growth_at(Growth(), names, row), frame, rng)
        except InputError as error:
            outgrown = error
            continue
        tables.append(arbor_statistics(image[None, None], frame.pixel_um))
        kept.append(i)
    if outgrown and not kept:
        raise outgrown
    return np.array(kept), statistics_used(pd.concat(tables))
