"""What can be said about cells: every code with its severity and its meaning or remedy."""

from dataclasses import dataclass

CODES: dict[str, tuple[str, str]] = {
    "crop_clipped": ("info", "objects stick out of their crops"),
    "touches_border": ("info", "objects touch the border of the image"),
    "left_out": ("info", "objects that touch the border of the image are left out"),
    "no_objects": ("info", "the mask holds no object"),
    "dim": ("info", "values use little of the range of their type"),
    "same_crop": ("info", "an exact copy of another crop, with which it shares its group"),
    "one_class": ("info", "all labels are the same, so there is nothing to tell apart"),
    "masks_left_out": ("info", "some sources have no masks, so none are stored"),
    "unreadable": ("refused", "copy the file anew, or export it without compression"),
    "stack": ("refused", "project or select one plane of one time and save it by itself"),
    "unknown_pages": (
        "refused",
        "save them with the axes CYX, or, if they are channels, name them in `channels`",
    ),
    "wrong_axes": ("refused", "set `axes` to the order of the file's axes"),
    "unknown_type": ("refused", "save it as uint8, uint16 or float32, or set `range` to image"),
    "larger_than_size": ("refused", "set `size` to the larger side, or shrink with `zoom`"),
    "pixel_size_unknown": ("refused", "set `pixel_size_um` of the source, or leave `pixel_um` out"),
    "pixel_not_square": ("refused", "resample the image to square pixels"),
    "channels_differ": ("refused", "give all images the same channels, in the same order"),
    "image_without_mask": (
        "refused",
        "add the mask under the image's name (set `mask_suffix` if masks have one) or remove "
        "the image",
    ),
    "mask_without_image": ("refused", "add the image or remove the mask"),
    "different_shapes": ("refused", "export the mask again from this very image"),
    "not_a_mask": ("refused", "save the mask with one integer per object, as TIFF or PNG"),
    "binary_mask": (
        "refused",
        "give each piece a number of its own, as skimage.measure.label does",
    ),
    "not_finite": ("refused", "replace NaN and infinite values in the source"),
    "empty": ("refused", "remove the crop, or correct the object's mask"),
    "constant": ("refused", "remove the crop, or correct the object's mask"),
    "out_of_range": ("refused", "set `range` to image or object, or bring the values to 0..1"),
}


@dataclass(frozen=True)
class Finding:
    """One thing found in a file; ``id`` is the object's, or empty for the file as a whole."""

    code: str
    message: str
    id: str = ""
    value: str = ""

    @property
    def severity(self) -> str:
        """``info`` or ``refused``."""
        return CODES[self.code][0]

    @property
    def sentence(self) -> str:
        """The message, with the remedy where there is something to remedy."""
        if self.severity != "refused":
            return self.message
        return f"{self.message}; {CODES[self.code][1]}"


class Refused(Exception):
    """A file or source that cannot be read as cells, with the finding that says why."""

    def __init__(self, code: str, message: str, value: str = "") -> None:
        super().__init__(message)
        self.finding = Finding(code, message, value=value)
