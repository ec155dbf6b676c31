"""Instance masks from image files: whole numbers, one piece an object."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.measure import label as label_pieces

from morphoflow.images.images import open_indices
from morphoflow.images.windowed import Pixels
from morphoflow.reading.findings import Finding, Refused

LOSSY = (".jpg", ".jpeg")

MOST_NAMED = 5  # objects or pieces in a message


class Mask:
    """An instance mask of ``shape`` (h, w); two slices give that window of it.

    A window (h, w) has whole numbers, 0 the background, each of which is an object. Raises Refused
    for anything else, such as colours, when it is met.
    """

    def __init__(self, pixels: Pixels, name: str) -> None:
        self._pixels, self._name = pixels, name
        self.shape = pixels.shape[1:]

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
        labels = self._pixels[:, *key]
        kind = labels.dtype.kind
        whole = kind in "biu" or (kind == "f" and bool((labels == np.rint(labels)).all()))
        if len(labels) == 3 and (labels == labels[:1]).all():  # grey, written as a colour
            labels = labels[:1]
        if len(labels) != 1 or not whole or labels.min(initial=0) < 0:
            raise Refused(
                "not_a_mask",
                f"the mask {self._name} has {len(labels)} channels of {labels.dtype}, or values "
                f"that are no whole numbers of at least 0",
            )
        labels = labels[0]
        if labels.dtype.kind == "u":
            return labels
        # Numbers of more than 32 bits, such as hashes, are kept as they are.
        return labels.astype(np.uint32 if labels.max(initial=0) < 1 << 32 else np.uint64)


@contextmanager
def open_mask(file: Path) -> Iterator[Mask]:
    """An instance mask; a refusal says that it is not the image that is damaged.

    Raises Refused for one that is read as a whole and has one label for several objects, or one
    for the background.
    """
    if file.suffix.lower() in LOSSY:
        raise Refused("not_a_mask", f"the mask {file.name} is a JPEG, which blurs the labels")
    with ExitStack() as stack:
        try:
            pixels = stack.enter_context(open_indices(file))
        except Refused as refused:
            finding = refused.finding
            message = f"the mask {file.name}: {finding.message}"
            code = "mask_stack" if finding.code == "stack" else finding.code
            raise Refused(code, message, value=finding.value) from None
        mask = Mask(pixels, file.name)
        if isinstance(pixels, np.ndarray):
            labels = mask[:, :]
            _refuse_binary(labels, file.name)
            _refuse_labelled_background(labels, file.name)
        yield mask


def read_mask(file: Path) -> np.ndarray:
    """All of an instance mask (h, w), as :func:`open_mask` gives its windows."""
    with open_mask(file) as mask:
        return mask[:, :]


def whole_objects(labels: np.ndarray, pieces: str) -> tuple[np.ndarray, list[Finding]]:
    """A mask (h, w) whose labels are in one piece each, and a finding for each that was not.

    ``pieces`` says what becomes of the smaller pieces: background (``largest``), objects with new
    numbers after the highest (``split``), or nothing (``keep``). Pixels that meet at corners are
    together. Raises Refused for a mask of classes: all its numbers stand for many alike pieces.
    """
    part = label_pieces(_small_numbers(labels), connectivity=2)
    size = np.bincount(part.ravel())
    owner = np.zeros(len(size), dtype=labels.dtype)
    owner[part] = labels  # any pixel of a piece has its label
    order = np.lexsort((-size, owner))
    order = order[owner[order] > 0]
    leading = np.append(True, owner[order][1:] != owner[order][:-1])[: len(order)]
    rest = order[~leading]
    if not len(rest):
        return labels, []
    findings = _several(owner, size, order, leading)
    if len(findings) == leading.sum() > 1 and _much_alike(size, order, leading):
        raise Refused(
            "binary_mask", f"each of its {leading.sum()} labels stands for several alike pieces"
        )
    if pieces == "keep":
        return labels, findings
    new = owner.copy()
    high = int(owner.max()) + 1
    wide = np.uint64 if high + len(rest) >= np.iinfo(labels.dtype).max else labels.dtype
    new = new.astype(wide)
    new[rest] = 0 if pieces == "largest" else np.arange(high, high + len(rest), dtype=wide)
    return new[part], findings


def _small_numbers(labels: np.ndarray) -> np.ndarray:
    """Labels that are apart where ``labels`` are, in numbers that scikit-image can take."""
    if labels.dtype.itemsize < 8 or labels.max(initial=0) <= np.iinfo(np.int64).max:
        return labels
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def _several(
    owner: np.ndarray, size: np.ndarray, order: np.ndarray, leading: np.ndarray
) -> list[Finding]:
    """A finding for each label with several pieces."""
    starts = np.flatnonzero(leading)
    findings = []
    for group in np.split(order, starts[1:]):
        if len(group) > 1:
            areas = ", ".join(map(str, size[group][:MOST_NAMED]))
            label = str(owner[group[0]])
            message = f"the label {label} has {len(group)} pieces, of {areas} pixels"
            findings.append(Finding("several_pieces", message, value=label))
    return findings


def _much_alike(size: np.ndarray, order: np.ndarray, leading: np.ndarray) -> bool:
    """Whether the second piece of each label has at least half the pixels of the first."""
    starts = np.flatnonzero(leading)
    return bool((2 * size[order[starts + 1]] >= size[order[starts]]).all())


def _refuse_binary(labels: np.ndarray, name: str) -> None:
    highest = labels.max(initial=0)
    if highest and ((labels == 0) | (labels == highest)).all():
        pieces = ndimage.label(labels, np.ones((3, 3)))[1]
        if pieces > 1:
            raise Refused(
                "binary_mask",
                f"the mask {name} has the one label {highest} for {pieces} separate pieces",
                value=str(highest),
            )


def _refuse_labelled_background(labels: np.ndarray, name: str) -> None:
    """Refuse a mask without 0 of which one label meets all four sides: what is around objects."""
    if not labels.size or not labels.all():
        return
    sides = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    around = set.intersection(*(set(np.unique(side).tolist()) for side in sides))
    if around and labels.min() < labels.max():
        label = min(around)
        message = f"no pixel of the mask {name} is 0, and its label {label} meets all four sides"
        raise Refused("background_label", message, value=str(label))
