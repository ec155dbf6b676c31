"""A training as a movie: what a generator made of the same latents from step to step."""

from dataclasses import replace
from pathlib import Path

from morphoflow.command import run
from morphoflow.dendrites.movies.movie import write_gif, write_mp4
from morphoflow.dendrites.movies.pace import paced
from morphoflow.model import read_model
from morphoflow.models.interface import Filming, load_model

# Widths in pixels, seconds, and frames at most. Noise does not compress in a GIF.
MP4_WIDTH, MP4_SECONDS, MP4_FRAMES = 1080, 15, 600
GIF_WIDTH, GIF_SECONDS, GIF_FRAMES, GIF_LATENTS = 400, 8, 60, 9


def main(*, model: Path, gif: Path, mp4: Path) -> None:
    """Write the time-lapse of a ``model`` with step and resolution below each frame."""
    fitted = read_model(model)
    movie = load_model(fitted.code, Filming).timelapse(fitted)
    number = len(movie.images)
    pace = paced(number, MP4_SECONDS, MP4_FRAMES, hold=True)
    write_mp4(mp4, movie.frames(pace, MP4_WIDTH), pace.frame_ms)
    pace = paced(number, GIF_SECONDS, GIF_FRAMES, hold=True)
    few = replace(movie, images=movie.images[:, :GIF_LATENTS])
    write_gif(gif, few.frames(pace, GIF_WIDTH), pace.frame_ms)
    print(f"{number} frames to step {movie.step[-1]}, of {movie.images.shape[1]} latents")


if __name__ == "__main__":
    run(main)
