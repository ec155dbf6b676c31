"""What the second pass measures of each object."""

import numpy as np
import pandas as pd

from morphoflow.organelles.legacy import legacy_measures
from morphoflow.organelles.object_masks import ObjectMask
from morphoflow.organelles.parts import box_of
from morphoflow.organelles.skeleton import skeleton_measures
from morphoflow.organelles.source import Source
from morphoflow.organelles.surface import surface_area, surface_halo
from morphoflow.organelles.topology import euler_number

NM_PER_UM = 1000.0


def measure_objects(source: Source, objects: pd.DataFrame) -> pd.DataFrame:
    """Shape measures of ``objects`` (rows of the object table), one row each, in their order."""
    spacing = np.array(source.voxel_size_nm) / NM_PER_UM
    rows = [measure_object(source, row, spacing) for row in objects.itertuples()]
    return pd.DataFrame(rows)


def measure_object(source: Source, row, spacing: np.ndarray) -> dict:
    """Shape measures of one object; ``spacing`` (3,) is the size of a voxel in um."""
    mask = ObjectMask(source, row.label_id, box_of(row))
    area, euler = _additive(mask, spacing)
    return {
        "id": row.id,
        **solid(area, row.voxels * np.prod(spacing)),
        **proportions(row.axis_sd_um_1, row.axis_sd_um_2, row.axis_sd_um_3),
        "euler_number": euler,
        **skeleton_measures(mask, spacing),
        **legacy_measures(mask),
    }


def solid(area: float, volume: float) -> dict[str, float]:
    """Measures of surface against volume, from um2 and um3.

    The mitochondrial complexity index SA^3 / (16 pi^2 V^2) (Vincent et al., Cell Reports 2019) is
    9 / (4 pi) for a sphere and grows with length and branching; sphericity is 1 for a sphere.
    """
    return {
        "surface_area_um2": area,
        "surface_to_volume_per_um": area / volume,
        "mci": area**3 / (16 * np.pi**2 * volume**2),
        "sphericity": np.cbrt(np.pi) * np.cbrt(6 * volume) ** 2 / area,
    }


def proportions(first: float, second: float, third: float) -> dict[str, float]:
    """Elongation and flatness: each principal axis' standard deviation over that of the next."""
    return {"elongation": first / second, "flatness": second / third}


def _additive(mask: ObjectMask, spacing: np.ndarray) -> tuple[float, int]:
    """Surface area and Euler number, summed over the object's pieces."""
    halo = surface_halo(spacing)
    area, euler = 0.0, 0.0
    for _, values in mask.pieces(halo):
        area += surface_area(values, spacing)
        # Each piece counts the vertices behind its voxels, and so needs the next layer as well.
        reach = (slice(h, n - h + 1) for h, n in zip(halo, values.shape, strict=True))
        euler += euler_number(values[tuple(reach)])
    return area, int(euler)
