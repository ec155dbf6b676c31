"""Instance masks from image files: whole numbers, one piece an object."""

from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.measure import label as label_pieces

from morphoflow.images.images import read_indices
from morphoflow.reading.findings import Finding, Refused

LOSSY = (".jpg", ".jpeg")

MOST_NAMED = 5  # objects or pieces in a message


def read_mask(file: Path) -> np.ndarray:
    """An instance mask (h, w) of whole numbers, 0 the background, with one piece per object.

    Raises Refused for anything else, such as colours, or one label for several objects.
    """
    if file.suffix.lower() in LOSSY:
        raise Refused("not_a_mask", f"the mask {file.name} is a JPEG, which blurs the labels")
    labels = _indices(file)
    whole = labels.dtype.kind in "biu" or bool((labels == np.rint(labels)).all())
    if len(labels) == 3 and (labels == labels[:1]).all():  # grey, written as a colour
        labels = labels[:1]
    if len(labels) != 1 or not whole or labels.min(initial=0) < 0:
        raise Refused(
            "not_a_mask",
            f"the mask {file.name} has {len(labels)} channels of {labels.dtype}, or values that "
            f"are no whole numbers of at least 0",
        )
    labels = labels[0]
    if labels.dtype.kind != "u":
        # Numbers of more than 32 bits, such as hashes, are kept as they are.
        labels = labels.astype(np.uint32 if labels.max(initial=0) < 1 << 32 else np.uint64)
    _refuse_binary(labels, file.name)
    return labels


def whole_objects(labels: np.ndarray, pieces: str) -> tuple[np.ndarray, list[Finding]]:
    """A mask (h, w) whose labels are in one piece each, and a finding for each that was not.

    ``pieces`` says what becomes of the smaller pieces: background (``largest``), objects with new
    numbers after the highest (``split``), or nothing (``keep``). Pixels that meet at corners are
    together. Raises Refused for a mask of classes: all its numbers stand for many alike pieces.
    """
    numbers, place = np.unique(labels, return_inverse=True)
    part = label_pieces(place.reshape(labels.shape), connectivity=2)
    size = np.bincount(part.ravel())
    first = np.unique(part, return_index=True)[1]
    owner = labels.ravel()[first]
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
    high = int(numbers.max()) + 1
    wide = np.uint64 if high + len(rest) >= np.iinfo(labels.dtype).max else labels.dtype
    new = new.astype(wide)
    new[rest] = 0 if pieces == "largest" else np.arange(high, high + len(rest), dtype=wide)
    return new[part], findings


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


def _indices(file: Path) -> np.ndarray:
    """The pixels of a mask; a refusal says that it is not the image that is damaged."""
    try:
        return read_indices(file)
    except Refused as refused:
        finding = refused.finding
        message = f"the mask {file.name}: {finding.message}"
        raise Refused(finding.code, message, value=finding.value) from None


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
