"""Published crops that a card names, from a server on loopback."""

import http.server
import io
import tarfile
import threading
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import yaml

import fetch_cells
from morphoflow.cells.demo.published import as_bytes, extract
from morphoflow.errors import InputError
from morphoflow.files import sha256
from places import CARDS

pytestmark = pytest.mark.usefixtures("from_a_script")


@pytest.fixture
def server(tmp_path):
    """The address of a server of the files in ``tmp_path / "www"``."""
    folder = tmp_path / "www"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}", folder
    served.shutdown()
    thread.join()
    served.server_close()


def saved(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def published(address: str, folder: Path, card: Path, **changed) -> Path:
    """A card beside an archive in the published layout, some facts or files changed."""
    generator = torch.Generator().manual_seed(0)
    files = {
        "mefs/scaled/cell/X_train.sav": saved(torch.rand(5, 1, 8, 8, generator=generator)),
        "mefs/scaled/cell/y_train.sav": saved(torch.tensor([0, 1, 1, 2, 0])),
        "mefs/scaled/cell/X_test.sav": saved(torch.ones(2, 1, 8, 8)),
        "mefs/scaled/cell/y_test.sav": saved(torch.tensor([2, 1])),
    } | changed.pop("files", {})
    with tarfile.open(folder / "mefs.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    facts = yaml.safe_load((CARDS / "mefs.yaml").read_text())
    facts |= {"url": f"{address}/mefs.tar.gz"} | changed
    card.write_text(yaml.safe_dump(facts, sort_keys=False))
    return card


def test_published_crops_are_downloaded_and_joined(tmp_path, server, capsys):
    card = published(*server, tmp_path / "mefs.yaml")
    fetch_cells.main(card=card, output=tmp_path / "mefs")
    found = sha256(server[1] / "mefs.tar.gz")
    assert f"7 crops; not checked: add `sha256: {found}`" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "mefs" / "labels.csv")
    assert table["label"].tolist() == [0, 1, 1, 2, 0, 2, 1]
    assert table["published_split"].tolist() == ["train"] * 5 + ["test"] * 2
    first = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with h5py.File(tmp_path / "mefs" / "crops.h5") as file:
        assert np.array_equal(file["x"][:5], np.rint(255 * first.numpy()).astype(np.uint8))
        assert (file["x"][5:] == 255).all()


def test_a_download_is_checked_and_a_good_one_is_not_remarked(tmp_path, server, capsys):
    card = published(*server, tmp_path / "mefs.yaml")
    facts = yaml.safe_load(card.read_text())
    card.write_text(yaml.safe_dump(facts | {"sha256": sha256(server[1] / "mefs.tar.gz")}))
    fetch_cells.main(card=card, output=tmp_path / "mefs")
    assert capsys.readouterr().out == "7 crops\n"
    card.write_text(yaml.safe_dump(facts | {"sha256": "0" * 64}))
    with pytest.raises(InputError, match=r"mefs.tar.gz has the SHA-256.*card says 0000"):
        fetch_cells.main(card=card, output=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_address_without_a_file_is_named(tmp_path, server):
    card = published(*server, tmp_path / "mefs.yaml", url=f"{server[0]}/none.tar.gz")
    with pytest.raises(InputError, match=r"none.tar.gz could not be fetched .*404"):
        fetch_cells.main(card=card, output=tmp_path / "mefs")


def test_paths_that_an_archive_lacks_are_answered_with_those_it_has(tmp_path, server):
    parts = {"train": {"images": "nucleus/X_train.sav", "labels": "cell/y_train.sav"}}
    card = published(*server, tmp_path / "mefs.yaml", parts=parts)
    with pytest.raises(InputError, match=r"0 files .*nucleus/X_train.*cell/X_train.sav.*`parts`"):
        fetch_cells.main(card=card, output=tmp_path / "mefs")


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "page.html").write_text("<html>")
    with pytest.raises(InputError, match="no readable tar archive"):
        extract(tmp_path / "page.html", "X_train.sav", tmp_path)


def test_values_and_shapes_that_are_no_crops_are_refused(tmp_path, server):
    with pytest.raises(InputError, match=r"X.sav has values from 0 to 3"):
        as_bytes(np.array([0.0, 3.0]), "X.sav")
    with pytest.raises(InputError, match=r"values from nan"):
        as_bytes(np.array([0.0, np.nan]), "X.sav")
    wrong = {"mefs/scaled/cell/y_train.sav": saved(torch.tensor([0, 1]))}
    card = published(*server, tmp_path / "mefs.yaml", files=wrong)
    with pytest.raises(InputError, match=r"X_train.sav is \(5, 1, 8, 8\).*y_train.sav is \(2,\)"):
        fetch_cells.main(card=card, output=tmp_path / "mefs")


def test_code_in_a_published_file_is_never_run(tmp_path, server):
    harmful = {"mefs/scaled/cell/X_train.sav": saved(Opens(tmp_path / "trace"))}
    card = published(*server, tmp_path / "mefs.yaml", files=harmful)
    with pytest.raises(InputError, match="could run code"):
        fetch_cells.main(card=card, output=tmp_path / "mefs")
    assert not (tmp_path / "trace").exists()


class Opens:
    """An object that creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")
