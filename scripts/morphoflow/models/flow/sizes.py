"""Which images a flow can learn; without torch, so that a plan can ask."""

from morphoflow.errors import InputError


def check_size(size: int, settings: dict) -> None:
    """Raise InputError where images of ``size`` pixels cannot be halved for each level."""
    multiple = patch_of(size, settings["places"]) << (len(settings["widths"]) - 1)
    if size % multiple:
        raise InputError(
            f"`widths` has {len(settings['widths'])} levels, for which the edge of an image must "
            f"be a multiple of {multiple} pixels and is {size}; name fewer widths, or cut images "
            f"of another size."
        )


def patch_of(size: int, places: int) -> int:
    """Pixels along an edge of the blocks that images of ``size`` pixels are cut into.

    So many that there are ``places`` along the edge of an image, or up to twice as many.
    """
    return max(1, size // places)
