"""Ids of a type that is not unsigned: whole numbers from 0 on, checked as they are read."""

import numpy as np

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.volume import Volume, in_words

# Whole numbers up to these are all exact, by the bytes of a floating-point type.
EXACT = {2: 1 << 11, 4: 1 << 24, 8: 1 << 53}


def as_ids(volume: Volume, what: str) -> Volume:
    """The volume with values of an unsigned type; ``what`` it is, for messages.

    Raises InputError for a type that holds no whole numbers.
    """
    if volume.dtype.kind == "u":
        return volume
    if volume.dtype.kind == "i" or (volume.dtype.kind == "f" and volume.dtype.itemsize in EXACT):
        return CheckedIds(volume, what)
    raise InputError(
        f"the {what} {volume.path} are {volume.dtype}, but ids are whole numbers; "
        f"convert them, for example to uint32."
    )


class CheckedIds:
    """Signed integers or floats as unsigned integers of as many bytes."""

    def __init__(self, volume: Volume, what: str) -> None:
        self.path, self.shape, self.chunks = volume.path, volume.shape, volume.chunks
        self.voxel_size_nm, self.offset = volume.voxel_size_nm, volume.offset
        self.dtype = np.dtype(f"u{volume.dtype.itemsize}")
        self._volume, self._what = volume, what

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``; raises InputError for a value that is no id."""
        values = self._volume.read(box)
        if not values.size:
            return values.astype(self.dtype)
        if values.dtype.kind == "f":
            return self._whole(values, box)
        if values.min() < 0:
            raise self._no_id(values.min(), box)
        return values.view(self.dtype)

    def _whole(self, values: np.ndarray, box: Box) -> np.ndarray:
        exact = (values >= 0) & (values <= EXACT[values.dtype.itemsize])
        exact &= values == np.floor(values)
        if not exact.all():
            raise self._no_id(values[~exact][0], box)
        return values.astype(self.dtype)

    def _no_id(self, value: float, box: Box) -> InputError:
        most = EXACT.get(self.dtype.itemsize) if self._volume.dtype.kind == "f" else None
        upper = f" up to {most}, beyond which {self._volume.dtype} is not exact" if most else ""
        return InputError(
            f"the {self._what} {self.path} hold {value} among voxels {in_words(box)}, but ids are "
            f"whole numbers from 0{upper}; set what is no object to 0 and export them anew."
        )
