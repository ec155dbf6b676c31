"""Statistics of the dendritic arbor in an image, by which real and generated ones compare."""

import numpy as np
import pandas as pd
from scipy.ndimage import zoom

from morphoflow.dendrites.arbor_boxes import box_dimension
from morphoflow.dendrites.arbor_graph import Arbor, arbor
from morphoflow.dendrites.arbor_mesh import hull, mesh_size
from morphoflow.dendrites.arbor_sholl import CIRCLES, sholl
from morphoflow.dendrites.arbor_skeleton import Skeleton, skeleton
from morphoflow.dendrites.arbor_width import intensity_and_diameter

# Smaller images are enlarged to at least this side, so that the thinnest dendrites have a width,
# but not so many times that single pixels become beads.
SIDE, FACTOR = 256, 4
SHOLL = tuple(f"sholl_{k:02d}" for k in range(1, CIRCLES + 1))
# The power of the unit of length in what is measured; what is not named here is a pure number.
POWERS = {
    "skeleton_length": 1,
    "length_density": -1,
    "mean_segment": 1,
    "median_segment": 1,
    "mesh_size": 1,
    "radius_of_gyration": 1,
    "hull_area": 2,
    "soma_area": 2,
    "mean_diameter": 1,
    "sholl_maximum_radius": 1,
}
# What the names of the statistics of one kind begin with.
GROUPS = {
    "length": ("skeleton_length", "length_density", "mean_segment", "median_segment", "tortuosity"),
    "branching": ("branch_points", "tips", "segments", "loops"),
    "space": ("box_dimension", "mesh_size", "radius_of_gyration", "hull_area"),
    "sholl": ("sholl",),
    "appearance": ("mean_diameter", "mean_intensity", "soma_area"),
}


def arbor_statistics(
    images: np.ndarray, pixel_um: float | np.ndarray | None = None
) -> pd.DataFrame:
    """Measure ``images`` (n, 1, s, s) uint8; one row an image, the columns always the same.

    Lengths are in um where the size of a pixel ``pixel_um`` is known (one, or one an image), and
    else in pixels, as their names say. ``sholl_01`` to ``sholl_16`` are crossings of circles about
    the soma (or the image's centre where there is none), the last with half the image's side as
    radius. Intensity is in grey levels. Tortuosity is the length of all segments by the sum of
    their chords. A blank image has 0 everywhere. Turns by 90 degrees and flips change nothing:
    the image is measured in the one of its eight poses whose bytes come first.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 1:
        raise ValueError(f"images are {images.dtype} of shape {images.shape}, not uint8 (n,1,s,s)")
    unit = "px" if pixel_um is None else "um"
    size = np.broadcast_to(1.0 if pixel_um is None else pixel_um, len(images)).astype(float)
    names = list(_measured(np.zeros((SIDE, SIDE), dtype=np.uint8)))
    table = pd.DataFrame([_measured(image) for image in images[:, 0]], columns=names, dtype=float)
    for name, power in POWERS.items():
        table[name] *= size**power
    return table.rename(columns={name: _with_unit(name, unit) for name in POWERS})


def _with_unit(name: str, unit: str) -> str:
    return f"{name}_per_{unit}" if POWERS[name] < 0 else f"{name}_{unit}{'2'[: POWERS[name] - 1]}"


def _measured(image: np.ndarray) -> dict[str, float]:
    """The statistics of one image (s, s), lengths in its pixels."""
    side = len(image)
    fine = _enlarged(_pose(image))
    found = skeleton(fine)
    graph = arbor(found)
    return _statistics(fine, found, graph, len(fine) / side)


def _pose(image: np.ndarray) -> np.ndarray:
    """The one of the eight poses of ``image`` (s, s) whose bytes come first."""
    poses = [np.rot90(sheet, k) for sheet in (image, image.T) for k in range(4)]
    return min(poses, key=lambda pose: pose.tobytes())


def _enlarged(image: np.ndarray) -> np.ndarray:
    """The image as float32, enlarged by cubic splines as ``SIDE`` and ``FACTOR`` say."""
    factor = min(FACTOR, -(-SIDE // len(image)))
    grey = image.astype(np.float32)
    if factor == 1:
        return grey
    return np.clip(zoom(grey, factor, order=3, mode="reflect", grid_mode=True), 0, 255)


def _statistics(grey: np.ndarray, found: Skeleton, graph: Arbor, factor: float) -> dict[str, float]:
    """The statistics of the ``graph`` found in ``grey`` (s, s), ``factor`` times enlarged."""
    side, length = len(grey), float(graph.length.sum())
    segments, chords = graph.segment_lengths(), graph.segment_chords()
    field = hull(graph.points)
    line = graph.drawn(grey.shape)
    gyration = _radius_of_gyration(graph)
    intensity, diameter = intensity_and_diameter(grey, found, graph, line)
    radii = side / 2 * np.arange(1, CIRCLES + 1) / CIRCLES
    distance = np.linalg.norm(graph.points - found.centre, axis=1)[graph.edges]
    profile = sholl(distance[:, 0], distance[:, 1], radii)
    peak = int(profile.argmax())
    return {
        "skeleton_length": length / factor,
        "length_density": length / side**2 * factor,
        "branch_points": int((graph.degree > 2).sum()),
        "tips": int((graph.degree == 1).sum()),
        "segments": len(segments),
        "loops": graph.loops,
        "mean_segment": segments.mean() / factor if len(segments) else 0.0,
        "median_segment": np.median(segments) / factor if len(segments) else 0.0,
        "tortuosity": length / chords.sum() if chords.any() else 0.0,
        "box_dimension": box_dimension(line, gyration),
        "mesh_size": mesh_size(line, field) / factor,
        "radius_of_gyration": gyration / factor,
        "hull_area": field.area / factor**2,
        "soma_area": found.soma.sum() / factor**2,
        "mean_diameter": diameter / factor,
        "mean_intensity": intensity,
        "sholl_maximum": profile[peak],
        "sholl_maximum_radius": radii[peak] / factor if profile[peak] else 0.0,
        **dict(zip(SHOLL, profile, strict=True)),
    }


def _radius_of_gyration(graph: Arbor) -> float:
    """The root mean square distance of the dendrites' length from its centre of mass, in pixels."""
    if len(graph.edges) == 0:
        return 0.0
    middle = graph.middles()
    centre = np.average(middle, axis=0, weights=graph.length)
    square = np.square(middle - centre).sum(axis=1)
    return float(np.sqrt(np.average(square, weights=graph.length)))
