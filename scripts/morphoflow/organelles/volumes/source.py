"""A label volume with its EM, if any, as the later stages read them: on the labels' grid."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from morphoflow.organelles.volumes.boxes import Box, Triple
from morphoflow.organelles.volumes.units import NO_OFFSET, Offset
from morphoflow.organelles.volumes.volume import Volume, in_words

VOLUMES = ("em", "labels", "classes", "context")


class NoEM:
    """The EM of labels that have none: 0 everywhere, and not measured."""

    path, dtype = "(no EM)", np.dtype(np.uint8)
    voxel_size_nm = offset = None

    def __init__(self, shape: Triple, chunks: Triple) -> None:
        self.shape, self.chunks = shape, chunks

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``."""
        return np.zeros(box.shape, self.dtype)


@dataclass(frozen=True)
class Source:
    """Labels with their EM (and a class volume and other labels, the context, where there are any).

    ``voxel_size_nm`` is that of the labels and ``offset`` where these begin, along z, y and x.
    Outside of the ``used`` voxels, which is all of them where it is None, there are no labels.
    """

    labels: Volume
    em: Volume
    voxel_size_nm: tuple[float, float, float]
    classes: Volume | None = None
    offset: Offset = NO_OFFSET
    used: Box | None = None
    context: Volume | None = None

    @property
    def has_em(self) -> bool:
        """Whether there is EM; without it only shapes are measured."""
        return not isinstance(self.em, NoEM)

    @property
    def extent(self) -> Box:
        """The voxels that are used."""
        return self.used or Box((0, 0, 0), self.shape)

    @property
    def unused(self) -> str | None:
        """What of the labels is not used for want of EM, in a sentence; None where all is."""
        whole = Box((0, 0, 0), self.shape)
        if self.extent == whole:
            return None
        share = 1 - self.extent.size / whole.size
        return (
            f"EM covers voxels {in_words(self.extent)} of the labels' "
            f"{' x '.join(map(str, self.shape))}; the other {share:.1%} are not used"
        )

    @property
    def shape(self) -> Triple:
        """Voxels of the labels along z, y and x."""
        return self.labels.shape

    def read_labels(self, box: Box) -> np.ndarray:
        """Object ids in ``box``: unsigned integers of the file's own type; 0 is background."""
        return self.labels.read(box)

    def read_em(self, box: Box) -> np.ndarray:
        """EM intensities in ``box`` of the labels' grid, in the EM's own type."""
        return self.em.read(box)


# A source's settings as results may state them: volumes by name, not by place.


def source_names(settings: dict) -> dict:
    """``settings`` of a source with the names of its volumes instead of their paths."""
    named = {key: Path(settings[key]).name for key in VOLUMES if settings.get(key)}
    return {**settings, **named}
