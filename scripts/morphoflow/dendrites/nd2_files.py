"""Nikon's ND2 movies, by the optional package nd2 (https://github.com/tlambert03/nd2, BSD)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from morphoflow.dendrites.findings import Refused


@dataclass(frozen=True)
class Nd2Array:
    """An open movie; ``read`` gives the frame at an index of the axes before Y."""

    read: Callable[[tuple], np.ndarray]
    shape: tuple[int, ...]
    axes: str
    pixel_um: float | None


@contextmanager
def open_nd2(file: Path) -> Iterator[Nd2Array]:
    """Open a movie; raises Refused without the package, and for pixels that are not square."""
    try:
        import nd2
    except ImportError:
        raise Refused("no_reader", "ND2 files need the package nd2") from None
    with nd2.ND2File(file) as movie:
        axes, shape = "".join(movie.sizes), tuple(movie.sizes.values())
        counts = shape[: axes.index("Y")]

        def read(index: tuple) -> np.ndarray:
            return movie.read_frame(int(np.ravel_multi_index(index, counts)) if counts else 0)

        yield Nd2Array(read, shape, axes, _pixel_um(movie))


def _pixel_um(movie) -> float | None:
    """The width of a pixel in um, which the microscope's software marks as measured or not."""
    channels = getattr(movie.metadata, "channels", None)
    if not channels or not all(channels[0].volume.axesCalibrated[:2]):
        return None
    width, height, _ = movie.voxel_size()
    if abs(width - height) > 1e-3 * width:
        raise Refused("pixel_not_square", f"its pixels are {width:g} x {height:g} um", f"{width:g}")
    return float(width)
