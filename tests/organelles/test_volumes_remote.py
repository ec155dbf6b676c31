"""Zipped volumes and volumes on a server give what their folders on disk give."""

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.fingerprint import fingerprint
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.organelles.volumes.watched import watched_files
from volume_formats import FORMATS, SHAPE, SIZE

ARRAY = np.random.default_rng(0).integers(0, 9, SHAPE).astype(np.uint64)
CHUNKED = [name for name in FORMATS if name.endswith((".zarr", ".n5")) or "." not in name]
CHUNKED.remove("slices")
BOX = Box((2, 3, 4), (9, 13, 15))


class Ranges(SimpleHTTPRequestHandler):
    """A server of files and of ranges of bytes, as buckets are, that says nothing."""

    def do_GET(self):
        """Send a file or a part of it."""
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(404)
            return
        content, asked = file.read_bytes(), self.headers.get("Range")
        first, last = asked.removeprefix("bytes=").split("-") if asked else ("0", "")
        start = int(first) if first else max(0, len(content) - int(last))
        stop = int(last) + 1 if first and last else len(content)
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
        self.send_header("Content-Length", str(stop - start))
        self.send_header("ETag", '"one"')
        self.end_headers()
        self.wfile.write(content[start:stop])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def served(tmp_path):
    """The address of a server of the folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Ranges, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def check(volume):
    assert volume.shape == SHAPE and volume.dtype == np.uint64
    assert volume.voxel_size_nm == pytest.approx(SIZE)
    np.testing.assert_array_equal(volume.read(BOX), ARRAY[BOX.slices])


@pytest.mark.parametrize("name", ["ids.zarr", "precomputed"])
def test_a_bucket_on_a_server_of_ones_own_is_read(name, tmp_path, served, monkeypatch):
    (tmp_path / "bucket").mkdir()
    FORMATS[name](tmp_path / "bucket" / name, ARRAY)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "none")
    monkeypatch.setenv("AWS_ENDPOINT_URL", served)
    check(open_volume(f"s3://bucket/{name}"))


@pytest.mark.parametrize("inner", [True, False])
@pytest.mark.parametrize("name", CHUNKED)
def test_a_zipped_volume_is_that_volume(name, inner, tmp_path):
    (tmp_path / "data").mkdir()
    FORMATS[name](tmp_path / "data" / name, ARRAY)
    root = tmp_path / "data" if inner else tmp_path / "data" / name
    archive = shutil.make_archive(str(tmp_path / "volume"), "zip", root)
    check(open_volume(archive))


@pytest.mark.parametrize("name", CHUNKED)
def test_a_volume_on_a_server_is_that_volume(name, tmp_path, served):
    FORMATS[name](tmp_path / name, ARRAY)
    check(open_volume(f"{served}/{name}"))


def test_labels_on_a_server_and_em_in_a_zip_make_a_source(tmp_path, served):
    FORMATS["ome5.zarr"](tmp_path / "labels.zarr", ARRAY)
    FORMATS["ome5.zarr"](tmp_path / "em.zarr", ARRAY.astype(np.uint8))
    em = shutil.make_archive(str(tmp_path / "em"), "zip", tmp_path / "em.zarr")
    opened = open_source({"labels": f"{served}/labels.zarr", "em": em})
    np.testing.assert_array_equal(opened.read_labels(BOX), opened.read_em(BOX))


def test_what_is_not_there_or_not_read_is_named(served):
    with pytest.raises(InputError, match=f"{served}/nothing"):
        open_volume(f"{served}/nothing")
    with pytest.raises(InputError, match=r"ftp://.*an http, https, s3 or gs address"):
        open_volume("ftp://somewhere/volume")


def test_an_address_stands_for_itself_and_a_zip_changes_with_its_file(tmp_path):
    assert watched_files("s3://bucket/labels.zarr") == []
    assert fingerprint("s3://bucket/a", None, 0, contents=None) == "s3://bucket/a"
    FORMATS["ids.zarr"](tmp_path / "a", ARRAY)
    archive = shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path / "a")
    before = fingerprint(archive, None, 0, contents=None)
    FORMATS["ids.zarr"](tmp_path / "b", ARRAY + 1)
    shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path / "b")
    assert fingerprint(archive, None, 0, contents=None) != before
