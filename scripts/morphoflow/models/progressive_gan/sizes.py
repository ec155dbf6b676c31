"""The sizes that a progressive GAN grows through; without torch, so that a plan can ask."""

from morphoflow.errors import InputError

START_SIZE = 16


def check_size(size: int, settings: dict) -> None:
    """Raise InputError where images of ``size`` pixels are not grown to, or lack widths."""
    stages, widths = len(sizes_to(size)), len(settings["widths"])
    if widths < stages:
        raise InputError(
            f"`widths` has {widths} numbers and images of {size} pixels grow in {stages} stages; "
            f"name a width for each."
        )


def sizes_to(size: int) -> list[int]:
    """The sizes that images grow through, from ``START_SIZE`` to ``size`` by doubling.

    Raises InputError where they do not come there.
    """
    stages = max(1, (size // START_SIZE).bit_length())
    if START_SIZE << (stages - 1) != size:
        raise InputError(
            f"the images are {size} pixels wide and a progressive GAN grows by doubling; cut "
            f"images of {START_SIZE}, 32, 64, 128, 256, 512 or 1024 pixels."
        )
    return [START_SIZE << stage for stage in range(stages)]
