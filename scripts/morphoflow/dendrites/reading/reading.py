"""One image file in, its squares as 8-bit images out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from morphoflow.dendrites.reading.crop import (
    LEAST_SIGNAL,
    Square,
    bright_share,
    cut,
    resample,
    scale_of,
    squares,
)
from morphoflow.dendrites.reading.files import KINDS, ImageFile, is_readable
from morphoflow.dendrites.reading.frames import Frames, open_frames
from morphoflow.dendrites.reading.light import (
    check_lines,
    check_picture,
    clipped,
    without_scale_bar,
)
from morphoflow.reading.findings import Finding, Refused

SAME_SIZE = 1e-3  # relative difference of pixel sizes, as files round them

NAMED = {"first": 0, "last": -1}


@dataclass(frozen=True)
class Image:
    """An image ``pixels`` (size, size) uint8 with its row of the object table."""

    pixels: np.ndarray
    row: dict


def read_images(
    file: ImageFile, source: dict, settings: dict, notes: list[Finding]
) -> Iterator[Image]:
    """The images of a file that a resolved ``source`` and ``settings`` ask for.

    What is worth knowing goes to ``notes``. Raises Refused for a file that cannot be used.
    """
    if not is_readable(file.path):
        raise Refused("not_an_image", f"it is not a {KINDS} file", value=file.path.suffix)
    with open_frames(file.path, source.get("channel")) as opened:
        frames = _filled(opened) if source.get("fill") else opened
        frame, frame_name = picture(frames, source["frame"])
        pixel_um = source.get("pixel_um") or frames.pixel_um
        notes.extend(_several(frames, source["frame"]))
    check_picture(frame)
    if source["invert"]:
        frame = frame.max() - frame
    frame, bars = without_scale_bar(frame)
    notes.extend([*bars, *clipped(frame, source["offset"])])
    frame = np.maximum(frame - np.float32(source["offset"]), 0)
    check_picture(frame)
    scale = _scale(frame.shape, source["crop"], settings, pixel_um, notes)
    scaled = resample(frame, scale)
    notes.extend(check_lines(scaled))
    identifier = f"{file.id}_{frame_name}" if frame_name else file.id
    row = {
        "id": identifier,
        "group": file.id,
        "file_id": file.id,
        "file": file.name,
        "frame": frame_name,
        "crop": source["crop"],
        "frame_height_px": frame.shape[0],
        "frame_width_px": frame.shape[1],
        "crop_side_px": settings["size"] / scale,
        "pixel_um": np.nan if pixel_um is None else pixel_um / scale,
    }
    if source["crop"] == "tiles":
        yield from _tiles(scaled, row, scale, settings, notes)
    else:
        (square,) = squares(scaled, source["crop"], settings["size"])
        pixels, inside = cut(scaled, square, settings["size"])
        if not inside.all():
            share = 1 - inside.mean()
            message = f"{share:.1%} of '{identifier}' lie beyond the frame and are black"
            notes.append(Finding("padded", message, id=identifier, value=f"{share:.3f}"))
        ends = limits(pixels[inside], settings["percentiles"])
        yield _image(pixels, inside, square, ends, row, scale)


def _filled(frames: Frames) -> Frames:
    """The frames, with the median of each frame's finite values in place of all others."""

    def read(number: int) -> np.ndarray:
        frame = frames.read(number)
        finite = np.isfinite(frame)
        return np.where(finite, frame, np.median(frame[finite])) if finite.any() else frame

    return replace(frames, read=read)


def _several(frames: Frames, frame: int | str) -> Iterator[Finding]:
    """What became of several frames; that of which one is taken may be depth stored as time."""
    number = len(_times(frames))
    if frame in NAMED and _is_stack(frames):
        yield Finding("projected", f"its {number} planes are projected", value=str(number))
    elif number > 1 and frame not in ("max", "mean"):
        message = f"it has {number} frames, of which one ({frame}) is read"
        yield Finding("one_of_several_frames", message, value=str(number))


def _scale(
    shape: tuple[int, int],
    crop: str,
    settings: dict,
    pixel_um: float | None,
    notes: list[Finding],
) -> float:
    """The scale at which a frame is cut, by the pixel size that is wanted where both are known."""
    wanted = settings.get("pixel_um")
    by_pixel = 1.0 if wanted is None or pixel_um is None else pixel_um / wanted
    scale = scale_of(shape, crop, settings["size"], by_pixel)
    if wanted is not None and pixel_um is None:
        notes.append(Finding("pixel_size_unknown", "its pixel size is unknown; it is kept as is"))
    elif wanted is not None and abs(scale / by_pixel - 1) > SAME_SIZE:
        message = f"as a whole its pixels are {pixel_um / scale:.4g} um wide and not {wanted:g} um"
        raise Refused("pixel_size_differs", message, value=f"{pixel_um / scale:.4g}")
    return scale


def _tiles(
    scaled: np.ndarray, row: dict, scale: float, settings: dict, notes: list[Finding]
) -> Iterator[Image]:
    """The tiles that show dendrites, all with the black and white of the whole frame."""
    size = settings["size"]
    tiles = squares(scaled, "tiles", size)
    ends = limits(scaled, settings["percentiles"])
    for square, share in zip(tiles, bright_share(scaled, tiles, size), strict=True):
        named = {**row, "id": f"{row['id']}_{square.name}"}
        if share < LEAST_SIGNAL:
            message = f"{share:.1%} of '{named['id']}' are bright: it is left out"
            notes.append(Finding("little_signal", message, id=named["id"], value=f"{share:.4f}"))
            continue
        pixels, inside = cut(scaled, square, size)
        yield _image(pixels, inside, square, ends, named, scale)


def _image(
    pixels: np.ndarray,
    inside: np.ndarray,
    square: Square,
    ends: tuple[float, float],
    row: dict,
    scale: float,
) -> Image:
    soma_row, soma_column = square.soma or (np.nan, np.nan)
    measured = {
        "crop_row_px": square.row / scale,
        "crop_column_px": square.column / scale,
        "soma_row_px": (soma_row + 0.5) / scale - 0.5,
        "soma_column_px": (soma_column + 0.5) / scale - 0.5,
        "padded_share": float(1 - inside.mean()),
        "background": ends[0],
        "white": ends[1],
    }
    stored = np.where(inside, to_bytes(pixels, *ends), np.uint8(0))
    return Image(stored, {**row, **measured})


# Background and white point: counts of a camera as 8 bits.


def limits(pixels: np.ndarray, percentiles: tuple[float, float]) -> tuple[float, float]:
    """The values that become black and white: two percentiles of the ``pixels`` of a picture.

    Raises Refused where they are the same.
    """
    black, white = (float(value) for value in np.percentile(pixels, percentiles))
    if not white > black:
        low, high = percentiles
        message = f"its percentiles {low:g} and {high:g} are both {black:g}"
        raise Refused("flat", message, value=f"{black:g}")
    return black, white


def to_bytes(pixels: np.ndarray, black: float, white: float) -> np.ndarray:
    """Pixels as uint8, from 0 at ``black`` (and below) to 255 at ``white`` (and above)."""
    stretched = (pixels - np.float32(black)) * np.float32(255 / (white - black))
    return np.rint(np.clip(stretched, 0, 255)).astype(np.uint8)


# One picture of a movie: a frame of it, or all of them projected.


def picture(frames: Frames, frame: int | str) -> tuple[np.ndarray, str | None]:
    """The wanted ``frame`` as float32 (h, w), and a name for it where there are several.

    ``frame`` is a number from 0, ``first``, ``last``, ``max`` or ``mean``. Each time is projected
    over depth by its maximum, and ``first`` and ``last`` are times; where there is no time, numbers
    count planes of depth. Few frames are in memory at once. Raises Refused for a number that is not
    there.
    """
    times = _times(frames)
    many = len(times) > 1
    if frame in NAMED and _is_stack(frames):
        frame = "max"
    if frame == "max":
        return _highest(frames, times.ravel()), frame if many else None
    if frame == "mean":
        return _mean(frames, times), frame if many else None
    number = NAMED.get(frame, frame)
    if not -1 <= number < len(times):
        there = f"frames 0 to {len(times) - 1}" if many else "one frame, number 0"
        raise Refused("frame_absent", f"frame {frame} is asked of {there}", value=str(frame))
    chosen = _highest(frames, times[number])
    return chosen, f"frame{number % len(times)}" if many else None


def _is_stack(frames: Frames) -> bool:
    """Whether there are several depths of one time."""
    counts = dict(zip(frames.axes, frames.counts, strict=True))
    return counts.get("Z", 1) == len(frames) > 1


def _times(frames: Frames) -> np.ndarray:
    """The numbers of frames as (times, depths)."""
    numbers = np.arange(len(frames)).reshape(frames.counts)
    time = frames.axes.find("T")
    if time < 0 or frames.counts[time] == 1:
        return numbers.reshape(-1, 1)
    return np.moveaxis(numbers, time, 0).reshape(frames.counts[time], -1)


def _highest(frames: Frames, numbers: Iterable[int]) -> np.ndarray:
    first, *others = numbers
    highest = frames.read(first).astype(np.float32)
    for number in others:
        np.maximum(highest, frames.read(number), out=highest, casting="unsafe")
    return highest


def _mean(frames: Frames, times: np.ndarray) -> np.ndarray:
    total = np.zeros(frames.read(0).shape)
    for depths in times:
        total += _highest(frames, depths)
    return (total / len(times)).astype(np.float32)
