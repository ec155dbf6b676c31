"""Compressed movies (AVI, MP4, MOV), decoded by the ffmpeg that imageio-ffmpeg brings along."""

from pathlib import Path

import imageio_ffmpeg
import numpy as np

from morphoflow.reading.findings import Refused
from morphoflow.reading.guard import check_size

MOVIES = (".avi", ".mp4", ".mov")

# Codecs shift grey by a few levels towards a colour; pixels of a coloured movie lie farther off.
TINT, COLOURED_SHARE = 24, 0.001


def decoded(file: Path, channel: int | None) -> np.ndarray:
    """All frames (n, h, w) uint8 of a grey movie, or one colour of it: 0, 1 or 2 for ``channel``.

    Raises Refused for damaged files and, where no channel is named, for colours.
    """
    try:
        frames = imageio_ffmpeg.read_frames(str(file), pix_fmt="rgb24")
        facts = next(frames)
    except RuntimeError as error:
        raise Refused("no_ffmpeg", f"ffmpeg is not found ({error})") from None
    width, height = facts["size"]
    expected = round(facts["duration"] * facts["fps"])
    check_size(max(expected, 1) * height * width, "the movie", file.name)
    grey = [_grey(np.frombuffer(f, np.uint8).reshape(height, width, 3), channel) for f in frames]
    # Headers round durations; a file that was cut short lacks more than a frame.
    if len(grey) < max(1, expected - 1):
        message = f"it ends after {len(grey)} of {expected} frames"
        raise Refused("unreadable", message, value=str(len(grey)))
    return np.stack(grey)


def _grey(frame: np.ndarray, channel: int | None) -> np.ndarray:
    """One frame (h, w) of a frame (h, w, 3)."""
    if channel is not None:
        if channel > 2:
            message = f"channel {channel} is asked of the colours 0 to 2"
            raise Refused("channel_absent", message, value=str(channel))
        return frame[..., channel]
    spread = np.ptp(frame, axis=2)
    if (spread > TINT).mean() > COLOURED_SHARE:
        raise Refused("colour", "it is a colour movie")
    return np.rint(frame.mean(axis=2)).astype(np.uint8)
