"""Which axes of a stored array are z, y and x."""

from collections.abc import Sequence

from morphoflow.errors import InputError


def spatial_axes(place: str, shape: Sequence[int], names: Sequence[str] | None) -> list[int]:
    """The positions of z, y and x among the axes; all others must have length 1.

    ``names`` are the axes' names, where the file states them; otherwise the axes longer than 1 are
    z, y and x, in this order. Raises InputError for an array that is no single 3-D volume.
    """
    lower = [name.lower() for name in names or ()]
    axes = [lower.index(axis) for axis in "zyx"] if set("zyx") <= set(lower) else None
    if lower and axes is None and len(shape) != 3:
        raise InputError(
            f"{place} has the axes {', '.join(names)}, but a volume needs z, y and x; "
            f"convert it to a 3-D volume."
        )
    axes = axes or _longer_axes(place, shape)
    others = [i for i in range(len(shape)) if i not in axes and shape[i] != 1]
    if others:
        name = names[others[0]] if names else f"number {others[0] + 1}"
        raise InputError(
            f"{place} has {shape[others[0]]} entries along its axis {name} beside z, y and x; "
            f"save the one channel or time that holds the volume."
        )
    if 0 in shape:
        raise InputError(
            f"{place} is empty: its shape is {_times(shape)}; name a volume that holds voxels."
        )
    return axes


def _longer_axes(place: str, shape: Sequence[int]) -> list[int]:
    if len(shape) == 3:
        return [0, 1, 2]
    longer = [i for i, n in enumerate(shape) if n != 1]
    if len(longer) != 3:
        raise InputError(
            f"{place} has {len(shape)} axes ({_times(shape)}), but a volume has three: z, y and x; "
            f"name the array of a 3-D volume, or convert it to one."
        )
    return longer


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
