"""What can be said about dendrite images: every code with its severity and its remedy."""

from dataclasses import dataclass

from morphoflow.cells.reading import findings as cells

CODES: dict[str, tuple[str, str]] = {
    **{code: cells.CODES[code] for code in ("one_class", "unreadable", "unknown_type")},
    **{code: cells.CODES[code] for code in ("pixel_not_square", "not_finite")},
    "little_signal": ("info", "a tile shows next to no dendrite and is left out"),
    "padded": ("info", "a crop reaches beyond the frame, where it is black"),
    "pixel_size_unknown": ("info", "an image of unknown pixel size is not resampled"),
    "pixel_sizes_differ": ("info", "images differ in pixel size; statistics are in pixels"),
    "near_duplicates": ("info", "images of what seems one neuron share a group"),
    "not_an_image": ("refused", "remove it from the folder, or name single files as sources"),
    "no_reader": ("refused", "install the extra with `pip install nd2`, or export it as OME-TIFF"),
    "several_images": ("refused", "save each image or position to a file of its own"),
    "channels": ("refused", "save the channel that shows the dendrites by itself"),
    "colour": ("refused", "save it in grey"),
    "unknown_axes": ("refused", "save it with the axes TZYX, as OME-TIFF or by ImageJ"),
    "frame_absent": ("refused", "set `frame` to one that is there, or to first or last"),
    "empty": ("refused", "remove the image, or choose another `frame`"),
    "constant": ("refused", "remove the image, or choose another `frame`"),
    "flat": ("refused", "set `percentiles` farther apart"),
    "too_small": ("refused", "set `size` (or `pixel_um`) to a smaller value, or remove it"),
    "sizes_differ": ("refused", "crop around the soma or at the centre instead"),
    "pixel_size_differs": ("refused", "leave `pixel_um` out, or crop around the soma instead"),
}


@dataclass(frozen=True)
class Finding(cells.Finding):
    """One thing found in a file; ``id`` is the image's, or empty for the file as a whole."""

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


class Refused(cells.Refused):
    """A file or image that cannot be used, with the finding that says why."""

    def __init__(self, code: str, message: str, value: str = "") -> None:
        super().__init__(code, message, value)
        self.finding = Finding(code, message, value=value)


def as_finding(refused: cells.Refused) -> Finding:
    """The finding behind a refusal of this modality, or of the readers it shares with cells."""
    found = refused.finding
    code = {"stack": "several_images"}.get(found.code, found.code)
    return Finding(code, found.message, found.id, found.value)
