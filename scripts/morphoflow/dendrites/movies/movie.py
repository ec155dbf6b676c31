"""Movies as GIF and MP4 files whose bytes depend on the frames alone.

GIF is written by pillow. MP4 (H.264) is written by the program ffmpeg that the package
imageio-ffmpeg brings along: a program of its own, since its encoder x264 is under the GPL.
"""

import itertools
import subprocess
from collections.abc import Iterable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

from morphoflow.errors import InputError
from morphoflow.files import whole

# Rate factor of x264 at which dark noise and thin dendrites keep their grain.
QUALITY = 20
# Slices and threads change the bits; dates and versions of the muxer must not be in the file.
REPEATABLE = ["-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
# What players and slide programs expect: 4:2:0, and the index before the pictures.
PLAYABLE = ["-pix_fmt", "yuv420p", "-movflags", "+faststart"]


def write_gif(path: Path, frames: Iterable[np.ndarray], frame_ms: int) -> None:
    """Write grey frames (h, w) uint8, ``frame_ms`` each, as a GIF that repeats for ever.

    GIF counts in hundredths of a second, so ``frame_ms`` is a multiple of 10, and 20 at least.
    """
    if frame_ms < 20 or frame_ms % 10:
        raise ValueError(f"a frame of a GIF cannot last {frame_ms} ms")
    first, *rest = (Image.fromarray(frame) for frame in _checked(frames))
    with whole(path) as partial:
        first.save(partial, "GIF", save_all=True, append_images=rest, duration=frame_ms, loop=0)


def write_mp4(path: Path, frames: Iterable[np.ndarray], frame_ms: int) -> None:
    """Write grey frames (h, w) uint8 of even height and width, ``frame_ms`` each, as MP4 (H.264).

    Frames are passed on one by one, so memory holds few of them.
    """
    checked = _checked(frames)
    first = next(checked)
    height, width = first.shape
    if height % 2 or width % 2:
        raise ValueError(f"frames of {width} x {height} pixels have an odd side")
    source = ["-f", "rawvideo", "-pix_fmt", "gray", "-color_range", "pc"]
    source += ["-s", f"{width}x{height}", "-r", f"1000/{frame_ms}", "-i", "-"]
    # The range of brightness is named on both sides, or black would turn grey in some players.
    encoder = ["-an", "-c:v", "libx264", "-crf", str(QUALITY), "-vf", "scale=out_range=tv"]
    with whole(path) as partial:
        target = [*REPEATABLE, *PLAYABLE, "-f", "mp4", str(partial)]
        _encode([*source, *encoder, *target], itertools.chain([first], checked))


def _encode(arguments: list[str], frames: Iterable[np.ndarray]) -> None:
    command = [_ffmpeg(), "-v", "error", "-y", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as encoder:
        try:
            for frame in frames:
                encoder.stdin.write(np.ascontiguousarray(frame))
            encoder.stdin.close()
        except BrokenPipeError:
            # What went wrong stands in the encoder's own words, read below.
            pass
        except BaseException:
            encoder.kill()
            raise
        words = encoder.stderr.read().decode(errors="replace").strip()
    if encoder.returncode:
        raise InputError(f"ffmpeg could not write the movie ({words}); see its message.")


def _ffmpeg() -> str:
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        raise InputError(
            "no program ffmpeg is found for MP4 movies; install the package imageio-ffmpeg from "
            "a wheel, or name the program in the environment variable IMAGEIO_FFMPEG_EXE."
        ) from None


def _checked(frames: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
    """The frames as they come, all grey bytes of one size, at least one of them."""
    shape = None
    for frame in frames:
        shape = shape or frame.shape
        if frame.dtype != np.uint8 or frame.ndim != 2 or frame.shape != shape:
            raise ValueError(f"a frame {frame.dtype} {frame.shape} beside frames uint8 {shape}")
        yield frame
    if shape is None:
        raise ValueError("a movie without frames")
