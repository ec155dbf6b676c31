"""Images that a server holds: an address, a record of Dryad, weights of neuron-gan; bad answers."""

import io
import zipfile

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

import fetch_dendrites
import fetch_neuron_gan
from model_settings import settings
from morphoflow.errors import InputError
from morphoflow.model import read_model
from neuron_gan_files import checkpoint
from places import CARDS
from serving import served


@pytest.fixture(autouse=True)
def without_provenance(monkeypatch):
    for script in (fetch_dendrites, fetch_neuron_gan):
        monkeypatch.setattr(script, "provenance", lambda **_: {})


def archive(**files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        for name, content in files.items():
            written.writestr(name, content)
    return stream.getvalue()


def picture():
    stream = io.BytesIO()
    Image.fromarray(np.eye(8, dtype=np.uint8)).save(stream, "png")
    return stream.getvalue()


IMAGES = {
    "set/a.png": picture(),
    "set/b.PNG": picture(),
    "set/read.me": b"",
    "__MACOSX/a.png": b"x",
}


def card_of(folder, name, **changes):
    facts = yaml.safe_load((CARDS / f"{name}.yaml").read_text()) | changes
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(facts))
    return path


def fetched(folder, card):
    fetch_dendrites.main(card=card, output=folder / "fetched")
    images = folder / "fetched/images"
    return sorted(str(p.relative_to(images)) for p in images.rglob("*") if p.is_file())


def test_the_images_of_an_archive_are_unpacked_and_its_checksum_is_told(tmp_path, capsys):
    with served({"/set.zip": archive(**IMAGES)}.get) as address:
        card = card_of(tmp_path, "neuron_gan_images", url=f"{address}/set.zip")
        assert fetched(tmp_path, card) == ["set/a.png", "set/b.PNG"]
    assert "2 files; not checked: add `sha256: " in capsys.readouterr().out


def damaged():
    """An archive whose one image cannot be decompressed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("a.png", bytes(1000))
    content = bytearray(stream.getvalue())
    content[content.index(b"a.png") + len("a.png")] = 0xFF  # a block of no known type
    return bytes(content)


def test_a_page_or_an_archive_without_images_is_refused_in_a_sentence(tmp_path):
    answers = {"/page": b"<html>Virus scan warning</html>", "/text": archive(**{"a.txt": "a"})}
    answers["/damaged"] = damaged()
    with served(answers.get) as address:
        for path, words in [
            ("page", "no readable zip archive"),
            ("damaged", "no readable zip archive"),
            ("text", "has no file .* a.txt"),
        ]:
            card = card_of(tmp_path, "neuron_gan_images", url=f"{address}/{path}")
            with pytest.raises(InputError, match=words):
                fetched(tmp_path, card)
    assert not (tmp_path / "fetched").exists()


def dryad(files):
    """The answers of Dryad for a record with ``files`` by name, one a page."""

    def answer(path):
        if path == "/api/v2/datasets/doi%3A10.5061%2Fdryad.djh9w0w2r":
            return {"_links": {"stash:version": {"href": "/api/v2/versions/7"}}}
        if path.startswith("/api/v2/versions/7/files"):
            page = int(path.partition("page=")[2] or 0)
            name = list(files)[page]
            links = {"stash:download": {"href": f"/api/v2/files/{page}/download"}}
            further = {"href": f"/api/v2/versions/7/files?page={page + 1}"}
            return {
                "_links": {"next": further} if page + 1 < len(files) else {},
                "_embedded": {"stash:files": [{"path": name, "_links": links}]},
            }
        if path.startswith("/api/v2/files/"):
            return files[list(files)[int(path.split("/")[4])]]
        return None

    return answer


def test_a_file_of_a_record_of_dryad_is_found_by_its_name_on_any_page(tmp_path):
    files = {"README": b"words", "24_hr_RAW_DATA.zip": archive(**IMAGES)}
    with served(dryad(files)) as address:
        card = card_of(tmp_path, "class_iv_movies", address=address)
        assert fetched(tmp_path, card) == ["set/a.png", "set/b.PNG"]
        other = card_of(tmp_path, "class_iv_movies", address=address, file="48_hr.zip")
        with pytest.raises(InputError, match=r"no '48_hr.zip' but README, 24_hr_RAW"):
            fetch_dendrites.main(card=other, output=tmp_path / "other")
    with served(lambda _: {}) as address:
        closed = card_of(tmp_path, "class_iv_movies", address=address)
        with pytest.raises(InputError, match="names no stash:version"):
            fetch_dendrites.main(card=closed, output=tmp_path / "closed")


def test_weights_of_neuron_gan_are_fetched_as_a_model_that_makes_images(tmp_path):
    stream = io.BytesIO()
    torch.save(checkpoint(), stream)
    weights = archive(**{"weights/gen_dis_default.pth": stream.getvalue()})
    with served({"/weights.zip": weights}.get) as address:
        card = card_of(tmp_path, "neuron_gan_weights", url=f"{address}/weights.zip")
        flags = {"settings": settings("progressive_gan", "faithful"), "output": tmp_path / "made"}
        fetch_neuron_gan.main(card=card, **flags)
    assert read_model(tmp_path / "made/model.pt").facts["size"] == 64
    assert np.asarray(Image.open(tmp_path / "made/grid.png")).std() > 1
