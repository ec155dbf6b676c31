"""Laws of movies and of the figures of dendrites: what is shown, and equal bytes."""

import subprocess
from dataclasses import replace

import imageio_ffmpeg
import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageSequence

from morphoflow.dendrites.movies.movie import write_gif, write_mp4
from morphoflow.dendrites.movies.pace import HELD_MS, paced
from morphoflow.dendrites.movies.timelapse import Timelapse
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.dendrites import even_lines, plot_dendrites
from morphoflow.figures.generated import classes_in, plot_generated
from morphoflow.figures.growth import plot_growth, shown_frames
from morphoflow.figures.history import growth_epochs, plot_history
from morphoflow.figures.interpolation import plot_interpolation
from morphoflow.figures.nearest_images import (
    operating_curve,
    plot_nearest_images,
    shown_rows,
)
from morphoflow.figures.save import save_figure


def some_frames(n: int = 6, h: int = 64, w: int = 96) -> np.ndarray:
    """Frames with a bright square that moves, and a dark and a bright band."""
    frames = np.full((n, h, w), 30, np.uint8)
    for i, frame in enumerate(frames):
        frame[10:20, 10 + 8 * i : 20 + 8 * i] = 200
    frames[:, 40:50], frames[:, 50:] = 0, 255
    return frames


def decoded(path, h: int = 64, w: int = 96) -> np.ndarray:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path)]
    command += ["-f", "rawvideo", "-pix_fmt", "gray", "-vf", "scale=out_range=pc", "-"]
    found = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(found.stdout, np.uint8).reshape(-1, h, w)


def some_images(n: int = 6, size: int = 16, pixel: float | None = 0.5) -> Crops:
    y, x = np.mgrid[:size, :size]
    level = np.arange(1, n + 1)[:, None, None]
    images = ((x + y * level) % 16 * 12 + level).astype(np.uint8)
    return Crops(images[:, None], np.array([f"neuron{i}" for i in range(n)]), ["grey"], pixel)


def a_timelapse() -> Timelapse:
    images = np.random.default_rng(0).integers(0, 255, size=(6, 3, 32, 32), dtype=np.uint8)
    return Timelapse(images, 100 * np.arange(1, 7), np.array([16, 16, 16, 32, 32, 32]))


def a_history(epochs: int = 30, growing: bool = True) -> pd.DataFrame:
    epoch = np.arange(1, epochs + 1)
    table = pd.DataFrame({"epoch": epoch, "step": 9 * epoch, "learning_rate_critic": 0.1})
    table["learning_rate_generator"] = 0.1
    for i, name in enumerate(("loss", "critic", "generator", "penalty", "gap")):
        table[f"train_{name}"] = (i + 1) / epoch
    for i, name in enumerate(("loss", "swd_16", "swd_32", "overfit")):
        table[f"validation_{name}"] = (i + 11) / epoch
    if growing:
        table["validation_size"] = np.where(epoch <= epochs // 2, 16.0, 32.0)
    table["best"] = epoch < 3
    return table


def texts(figure) -> str:
    return "\n".join(found.get_text() for found in figure.findobj(lambda a: hasattr(a, "get_text")))


def a_topology() -> pd.DataFrame:
    rows = {"skeleton_length_um": (800.0, 752.0, -0.06, 6), "loops": (0.0, 1.5, np.nan, 6)}
    return pd.DataFrame.from_dict(rows, "index", columns=["true", "traced", "error", "n"])


DRAWN = {
    "simulated": lambda: plot_dendrites(some_images(), ["a", "b"] * 3, a_topology()),
    "dendrites": lambda: plot_dendrites(some_images(), ["a", "a", "b", None, "a", "b"]),
    "generated": lambda: plot_generated(some_images(30), some_images(5)),
    "growth": lambda: plot_growth(a_timelapse()),
    "interpolation": lambda: plot_interpolation(some_images(24).x[:, 0].reshape(3, 8, 16, 16)),
    "history": lambda: plot_history(a_history()),
}


@pytest.mark.parametrize("name", DRAWN)
def test_figures_have_equal_bytes_and_stay_within_their_edges(name, tmp_path):
    for run in ("first", "second"):
        figure = DRAWN[name]()
        save_figure(figure, tmp_path / f"{run}.svg", tmp_path / f"{run}.png")
    for kind in ("svg", "png"):
        first, second = (tmp_path / f"{run}.{kind}" for run in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    boxes = [axes.get_position() for axes in figure.axes]
    assert min(min(box.x0, box.y0) for box in boxes) > -1e-9
    assert max(max(box.x1, box.y1) for box in boxes) < 1 + 1e-9


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_a_movie_has_equal_bytes_each_time(kind, tmp_path):
    write = {"gif": write_gif, "mp4": write_mp4}[kind]
    for run in ("first", "second"):
        write(tmp_path / f"{run}.{kind}", iter(some_frames()), 100)
    first, second = ((tmp_path / f"{run}.{kind}").read_bytes() for run in ("first", "second"))
    assert first == second and len(list(tmp_path.iterdir())) == 2


def test_a_gif_gives_the_frames_back_and_their_time(tmp_path):
    write_gif(tmp_path / "a.gif", some_frames(), 150)
    movie = Image.open(tmp_path / "a.gif")
    found = [
        (np.asarray(f.convert("L")), f.info["duration"]) for f in ImageSequence.Iterator(movie)
    ]
    np.testing.assert_array_equal([frame for frame, _ in found], some_frames())
    assert {ms for _, ms in found} == {150} and movie.info["loop"] == 0


def test_an_mp4_shows_the_frames_in_turn_from_true_black_to_true_white(tmp_path):
    write_mp4(tmp_path / "a.mp4", some_frames(), 100)
    found, expected = decoded(tmp_path / "a.mp4").astype(int), some_frames().astype(int)
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 3
    assert found[:, 43:47].mean() < 2 and found[:, 55:].mean() > 253
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))
    assert frames == 6 and abs(seconds - 0.6) < 0.01


def test_frames_that_make_no_movie_are_refused_and_leave_no_file(tmp_path):
    odd, mixed = some_frames(h=63), [*some_frames(1), *some_frames(1, h=32)]
    for frames in (odd, mixed, []):
        with pytest.raises(ValueError):
            write_mp4(tmp_path / "a.mp4", iter(frames), 100)
    with pytest.raises(ValueError, match="15 ms"):
        write_gif(tmp_path / "a.gif", some_frames(), 15)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("number", "most"), [(1, 60), (5, 60), (60, 60), (5000, 600)])
def test_a_movie_begins_and_ends_with_its_frames_and_can_be_followed(number, most):
    pace = paced(number, 10, most, hold=True)
    assert pace.rows[0] == 0 and pace.rows[-1] == number - 1
    assert (np.diff(pace.rows) >= 0).all() and 40 <= pace.frame_ms <= 200
    assert pace.frame_ms % 10 == 0
    assert (pace.rows == number - 1).sum() * pace.frame_ms >= HELD_MS
    assert len(pace.rows) * pace.frame_ms < 30_000


def test_a_timelapse_shows_every_latent_and_other_words_at_other_steps():
    movie = a_timelapse()
    frames = list(movie.frames(paced(6, 1, 6, hold=False), 200))
    assert len(frames) == 6 and len({frame.shape for frame in frames}) == 1
    high = frames[0].shape[1]
    assert (frames[0][high:] != frames[1][high:]).any()


def test_growth_shows_the_last_frame_at_each_size_or_some_of_all():
    np.testing.assert_array_equal(shown_frames(a_timelapse().size), [2, 5])
    np.testing.assert_array_equal(shown_frames(np.full(4, 16)), range(4))
    np.testing.assert_array_equal(shown_frames(np.full(11, 16)), [0, 2, 4, 6, 8, 10])
    found = texts(plot_growth(a_timelapse()))
    assert "16 × 16" in found and "step 300" in found and "step 600" in found
    assert "step 500" not in found


def test_generated_images_name_the_classes_that_they_were_made_for_and_only_then():
    plain, real = some_images(4), some_images(3)
    ids = [f"generated_{i:05d}_{kind}" for i, kind in enumerate(["wild_type", "sparse"] * 2)]
    found = texts(plot_generated(replace(plain, ids=np.array(ids)), real, ["a", "b", "b"]))
    assert found.count("wild_type") == 2 and found.count("sparse") == 2
    assert [found.count(f"{name}\n") for name in "ab"] == [1, 2]
    assert "wild_type" not in texts(plot_generated(plain, real, ["wild_type"] * 3))
    assert classes_in(np.array(["generated_00000"])) is None


@pytest.mark.parametrize(
    ("copies", "found"),
    [([0.8, 0.9], [0, 0.5, 1, 1, 1]), ([0.1, 0.3], [0, 0, 0.5, 0.5, 1])],
)
def test_the_share_of_copies_found_is_that_above_each_value(copies, found):
    alarms, shares = operating_curve(np.array([0.2, 0.4]), np.array(copies))
    assert list(alarms) == sorted(alarms) and list(shares) == sorted(shares)
    assert (alarms[0], shares[0]) == (0, 0) and (alarms[-1], shares[-1]) == (1, 1)
    np.testing.assert_allclose(shares, found)


def test_the_nearest_images_are_drawn_with_the_curve_of_copies_found():
    rng = np.random.default_rng(0)
    kinds = np.repeat(["generated", "held_out", "bent"], 6)
    table = pd.DataFrame({"kind": kinds, "id": np.arange(18).astype(str), "nearest": "im0"})
    table = table.assign(correlation=rng.random(18), angle_deg=0.0, flip=False)
    shown = shown_rows(table)
    pairs = np.zeros((len(shown), 2, 8, 8), np.uint8)
    assert "bent ones found" in texts(plot_nearest_images(table, shown, pairs, 0.5))
    without = table[table["kind"] != "bent"]
    assert "bent ones found" not in texts(plot_nearest_images(without, shown, pairs, 0.5))


def test_generated_images_have_the_contrast_of_real_ones():
    real, bright = some_images(), some_images()
    bright = Crops(np.minimum(bright.x.astype(int) + 60, 255), bright.ids, ["grey"])
    ours, theirs = (axes.images[0].get_array() for axes in plot_generated(bright, real).axes)
    alone = plot_generated(real, real).axes[1].images[0].get_array()
    np.testing.assert_array_equal(theirs, alone)
    assert ours.mean() > theirs.mean() + 20


def test_a_gallery_names_ids_labels_and_scale():
    found = texts(plot_dendrites(some_images(), ["a", "a", "b", None, "a", "b"]))
    assert all(f"neuron{i}" in found for i in range(6)) and "µm" in found and "n = 3" in found
    plain = texts(plot_dendrites(some_images(3, pixel=None), [None] * 3))
    assert "no scale bar" in plain and "µm" not in plain
    assert "3 more labels" in texts(plot_dendrites(some_images(15), [f"t{i}" for i in range(15)]))
    traced = texts(DRAWN["simulated"]())
    assert "skeleton length (µm)\n800.0\n752.0\n-6%\n" in traced and "loops\n0.0\n1.5\n" in traced
    assert [even_lines(n) for n in (1, 5, 6, 8, 16, 20)] == [1, 5, 3, 4, 4, 5]


def test_the_history_of_adversaries_leaves_out_the_sum_of_their_losses():
    figure = plot_history(a_history())
    found = texts(figure)
    assert "32 px" in found and "penalty" in found and "best epoch (2)" in found
    sums = a_history()["train_loss"].to_numpy()
    drawn = [line.get_ydata() for axes in figure.axes for line in axes.lines]
    assert not any(np.array_equal(values, sums) for values in drawn)
    assert growth_epochs(a_history()) == {0.5: 16, 15.5: 32}
    assert growth_epochs(a_history(growing=False)) == {}
    plot_history(a_history(1, growing=False)).draw_without_rendering()
