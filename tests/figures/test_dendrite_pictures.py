"""Laws of generated images, their numbers, the way through the latent, and the scripts."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

import morphoflow.models
from morphoflow.dendrites.reading.tiles import captioned, columns_for, resized, tiled
from morphoflow.errors import InputError
from morphoflow.file_names import name_of_file
from morphoflow.integrity import open_store
from morphoflow.model import Model, write_model
from morphoflow.models import interface
from morphoflow.models.shared.latent import BLOCK, image_blocks, latent_block, round_trip, slerp
from morphoflow.store import read_samples

CPU = torch.device("cpu")
SIZE, LATENT = 16, 5


# A generating model whose image says its latent, and that notes how many it was asked for.
TOY = """
import torch

asked = []


def embed(model, samples, device):
    raise NotImplementedError


def latents(number, size, seed, device):
    random = torch.Generator().manual_seed(seed % 2**63)
    return torch.randn(number, size, generator=random).to(device)


def classes_of(model, z):
    names = model.facts.get("names")
    return [names[k] for k in (z[:, 0] > 0).long().tolist()] if names else None


def generate(model, z, settings, device):
    asked.append(len(z))
    size = model.facts["size"]
    waves = torch.outer(z.norm(dim=1), torch.linspace(0, 60, size**2))
    return waves.clamp(0, 255).byte().reshape(-1, 1, size, size).numpy()
"""


LAPSE = """
import numpy as np
from morphoflow.dendrites.movies.timelapse import Timelapse


def timelapse(model):
    size = model.facts["size"]
    images = np.zeros((2, 1, size, size), np.uint8)
    return Timelapse(images, np.array([1, 2]), np.array([size, size]))
"""


@pytest.fixture
def toy(monkeypatch, tmp_path_factory) -> ModuleType:
    """The module of the toy model, beside which another generates nothing."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "toy.py").write_text(TOY)
    (folder / "timelapse.py").write_text(LAPSE)
    (folder / "pixels.py").write_text(TOY.partition("def latents")[0])
    monkeypatch.setattr(interface, "FOLDER", folder)
    monkeypatch.setattr(morphoflow.models, "__path__", [str(folder)])
    monkeypatch.delitem(sys.modules, "morphoflow.models.toy", raising=False)
    yield importlib.import_module("morphoflow.models.toy")
    for name in ("toy", "timelapse"):
        sys.modules.pop(f"morphoflow.models.{name}", None)


def a_model(name: str = "toy") -> Model:
    facts = {"latent_size": LATENT, "size": SIZE, "pixel_um": 0.4}
    return Model(name, f"{name}.py", {}, facts, {"weight": torch.zeros(1)}, {"seed": 0})


def outputs(folder: Path, name: str = "g") -> dict:
    """What generate_images.py writes, in a folder."""
    movies = [folder / f"{name}.{kind}" for kind in ("gif", "mp4", "lapse.gif", "lapse.mp4")]
    made = {"output": folder / f"{name}.zarr", "folder": folder / name, "movies": movies}
    return made | {"interpolation": folder / f"{name}_way.zarr"}


def run_script(script, monkeypatch, **flags) -> None:
    monkeypatch.setattr(script, "provenance", lambda **_: {"settings": flags["settings"]})
    script.main(**flags)


def made(number: int, seed: int) -> tuple[list[str], np.ndarray]:
    blocks = list(image_blocks(a_model(), {"number": number, "seed": seed}, CPU))
    return [name for ids, _ in blocks for name in ids], np.concatenate([x for _, x in blocks])


def test_image_i_is_the_same_however_many_are_asked_for(toy):
    (names, many), (first, few) = made(2 * BLOCK + 7, 3), made(BLOCK + 1, 3)
    assert names[: BLOCK + 1] == first and len(set(names)) == len(many)
    assert many.shape == (2 * BLOCK + 7, 1, SIZE, SIZE)
    np.testing.assert_array_equal(few, many[: BLOCK + 1])
    assert len(np.unique(many.reshape(len(many), -1), axis=0)) > BLOCK
    _, other = made(BLOCK, 4)
    assert (other != many[:BLOCK]).any(axis=(1, 2, 3)).mean() > 0.9


def test_no_more_than_a_block_of_images_is_made_at_once(toy):
    blocks = image_blocks(a_model(), {"number": 5 * BLOCK + 1, "seed": 0}, CPU)
    sizes = [len(images) for _, images in blocks]
    assert set(toy.asked) == {BLOCK} and max(sizes) == BLOCK and sum(sizes) == 5 * BLOCK + 1


def test_an_image_is_named_by_the_class_it_is_made_for(toy, tmp_path, monkeypatch):
    import generate_images

    model = a_model()
    model.facts["names"] = ["a", "b/c"]
    write_model(tmp_path / "model.pt", model)
    settings, place = {"number": 9, "seed": 1, "files": True}, outputs(tmp_path)
    flags = {"settings": settings, "gpus": 0, "threads": 1, **place}
    run_script(generate_images, monkeypatch, model=tmp_path / "model.pt", **flags)
    classes = toy.classes_of(model, latent_block(model, 0, 1, CPU)[:9])
    assert set(classes) == {"a", "b/c"}
    names = [f"generated_{i:05d}_{name}" for i, name in enumerate(classes)]
    assert list(read_samples(place["output"]).ids) == names
    files = {path.stem for path in place["folder"].glob("*.png")} - {"grid"}
    assert sorted(map(name_of_file, files)) == sorted(names)


def test_generated_images_come_as_store_files_and_grid(toy, tmp_path, monkeypatch):
    import generate_images

    write_model(tmp_path / "model.pt", a_model())
    settings = {"number": 70, "seed": 1, "files": True}
    for name in ("first", "second"):
        flags = {"model": tmp_path / "model.pt", "settings": settings, **outputs(tmp_path, name)}
        run_script(generate_images, monkeypatch, gpus=0, threads=1, **flags)
    store = read_samples(tmp_path / "first.zarr")
    assert store.x.shape == (70, 1, SIZE, SIZE) and store.x.dtype == np.uint8
    assert store.ids[0] == "generated_00000" and store.ids[-1] == "generated_00069"
    assert store.attributes["pixel_um"] == 0.4
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert files == sorted([*(f"{name}.png" for name in store.ids), "grid.png", "files.json"])
    image = np.asarray(Image.open(tmp_path / "first" / "generated_00042.png"))
    np.testing.assert_array_equal(image, store.x[42, 0])
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_without_files_only_the_grid_is_written(toy, tmp_path, monkeypatch):
    import generate_images

    write_model(tmp_path / "model.pt", a_model())
    place = outputs(tmp_path)
    flags = {"settings": {"number": 3, "seed": 1, "files": False}, "gpus": 0, "threads": 1}
    run_script(generate_images, monkeypatch, model=tmp_path / "model.pt", **place, **flags)
    assert {path.name for path in (tmp_path / "g").iterdir()} == {"grid.png", "files.json"}
    way = open_store(tmp_path / "g_way.zarr")["x"]
    assert way.shape == (generate_images.STOPS, generate_images.STEPS, SIZE, SIZE)
    assert all(movie.stat().st_size > 0 for movie in place["movies"])


@pytest.mark.parametrize(
    ("name", "number", "words"), [("toy", 0, "1 or more"), ("pixels", 2, "no")]
)
def test_what_cannot_be_generated_is_refused_before_anything_is_written(
    toy, tmp_path, name, number, words
):
    import generate_images

    write_model(tmp_path / "model.pt", a_model(name))
    place = outputs(tmp_path)
    settings = {"number": number, "seed": 1, "files": False}
    flags = {"model": tmp_path / "model.pt", "settings": settings, "gpus": 0, "threads": 1}
    with pytest.raises(InputError, match=words):
        generate_images.main(**flags, **place)
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_the_way_between_latents_turns_evenly_and_keeps_to_their_sphere():
    start, end = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([0.0, 3.0, 0.0])
    share = torch.linspace(0, 1, 7)
    way = slerp(start, end, share)
    angle = torch.pi / 2 * share
    expected = 3 * torch.stack([angle.cos(), angle.sin(), 0 * angle], dim=1)
    torch.testing.assert_close(way, expected, atol=1e-6, rtol=0)


def test_a_way_has_the_ends_it_was_given_and_close_ends_a_straight_one():
    random = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 40, generator=random)
    way = slerp(a, b, torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(way, torch.stack([a, b]))
    near = a + 1e-4 * b
    torch.testing.assert_close(slerp(a, near, torch.tensor([0.5]))[0], (a + near) / 2)
    torch.testing.assert_close(slerp(a, a, torch.tensor([0.3]))[0], a)


def test_a_round_trip_stops_at_every_latent_once_and_closes():
    stops = torch.randn(4, 8, generator=torch.Generator().manual_seed(1))
    way = round_trip(stops, 6)
    assert way.shape == (24, 8)
    torch.testing.assert_close(way[::6], stops)
    directions = way / way.norm(dim=1, keepdim=True)
    turns = (directions * directions.roll(-1, 0)).sum(1).clamp(-1, 1).acos().reshape(4, 6)
    torch.testing.assert_close(turns, turns.mean(1, keepdim=True).expand(4, 6), atol=1e-4, rtol=0)


def test_images_are_enlarged_by_repeating_and_shrunk_by_averaging():
    x = np.random.default_rng(0).integers(0, 256, size=(3, 8, 8), dtype=np.uint8)
    large = resized(x, 27)
    assert large.shape == (3, 24, 24)
    np.testing.assert_array_equal(large[:, ::3, 2::3], x)
    small = resized(x, 5)
    means = x.reshape(3, 4, 2, 4, 2).mean((2, 4))
    np.testing.assert_allclose(small, means, atol=0.5)


@pytest.mark.parametrize("number", [1, 2, 7, 16])
def test_a_grid_holds_every_image_once_and_has_even_sides(number):
    x = np.arange(1, number + 1, dtype=np.uint8)[:, None, None].repeat(8, 1).repeat(8, 2)
    grid = tiled(x, 100)
    assert grid.shape[0] % 2 == 0 and grid.shape[1] % 2 == 0 and grid.shape[1] <= 101
    values, counts = np.unique(grid[grid > 0], return_counts=True)
    np.testing.assert_array_equal(values, np.arange(1, number + 1))
    assert len(set(counts)) == 1 and columns_for(number) ** 2 >= number


def test_a_caption_stands_below_the_picture_and_its_bar_tells_the_share():
    picture = np.full((100, 300), 99, np.uint8)
    framed = captioned(picture, "step 12", "32 × 32 pixels", 0.5)
    np.testing.assert_array_equal(framed[:100], picture)
    assert framed.shape[0] % 2 == 0
    bar = framed[100] > 200
    assert abs(bar.mean() - 0.5) < 0.03
    other = captioned(picture, "step 13", "32 × 32 pixels", 0.5)
    assert (other[100:] != framed[100:]).any()
