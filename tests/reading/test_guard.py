"""Files of others: whatever is wrong with them is a sentence that names the file."""

import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from cell_sources import read as read_crops
from morphoflow.cells.reading.containers import open_arrays
from morphoflow.command import run
from morphoflow.errors import InputError
from morphoflow.images.images import read_image
from morphoflow.images.tiff import check_pages
from morphoflow.neurons.reading.prepare import Part, read_neurons
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.reading import guard, hdf5
from morphoflow.reading.findings import Refused
from morphoflow.reading.guard import check_size, reading, refusing
from places import ROOT, SCRIPTS, SUPPORT

ERRORS = [ValueError("odd"), MemoryError(), KeyError("x"), OSError(5, "io")]
CIRCLE = SUPPORT / "heap_in_a_circle.h5"


@pytest.mark.parametrize("error", ERRORS)
def test_any_error_of_a_reader_names_the_file_and_the_way_out(error):
    with (
        pytest.raises(
            InputError, match=rf"^a\.npz cannot be read \({type(error).__name__}"
        ) as told,
        reading("a.npz"),
    ):
        raise error
    assert str(told.value).endswith(".") and ";" in str(told.value)
    with pytest.raises(Refused) as refused, refusing():
        raise error
    assert refused.value.finding.code == "unreadable"


def test_errors_that_are_sentences_already_stay_as_they_are():
    with pytest.raises(InputError, match=r"^it is so\.$"), reading("a"):
        raise InputError("it is so.")
    with pytest.raises(Refused, match=r"^a stack$"), reading("a"), refusing():
        raise Refused("stack", "a stack")


def test_long_messages_of_libraries_are_cut_and_have_one_line():
    with pytest.raises(InputError) as told, reading("a"):
        raise ValueError("line\n" * 1000)
    assert "\n" not in str(told.value) and len(str(told.value)) < 500


def test_sizes_beyond_the_memory_are_refused_before_it_is_taken(monkeypatch):
    monkeypatch.setattr(guard, "memory_bytes", lambda: 10**9)
    check_size(10**9, "all", "a.h5")
    with pytest.raises(InputError, match=r"a\.h5: its crops would take 2\.0 GB .* there are 1\.0"):
        check_size(2e9, "its crops", "a.h5")


def test_a_trillion_crops_in_a_header_take_no_memory(tmp_path):
    with h5py.File(tmp_path / "crops.h5", "w") as file:
        file.create_dataset("x", (10**12, 1, 16, 16), "u1", chunks=(1, 1, 16, 16))
    source = {"arrays": str(tmp_path / "crops.h5")}
    with pytest.raises(InputError, match=r"rows of 1,000,000,000,000 crops would take"):
        read_crops(tmp_path, source)


def test_a_large_member_of_an_archive_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "memory_bytes", lambda: 10**6)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.swc", b"#" * 10**6)
    with pytest.raises(InputError, match=r"bomb\.swc.*a text of 1,000,000 bytes would take"):
        _neurons(tmp_path / "a.zip")
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((2000, 1, 32, 32), np.uint8))
    with pytest.raises(InputError, match=r"a\.npz: its array 'x' would take"):
        open_arrays(tmp_path / "a.npz")[0]["x"]


def _neurons(path: Path):
    settings = {"roots": "join", "on_bad_input": "stop"}
    return read_neurons([Part([path])], compartments=["dendrite"], **settings)


def test_a_chain_of_tiff_pages_that_comes_back_is_an_error_at_once(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((3, 8, 8), np.uint8), photometric="minisblack")
    check_pages(path)
    with tifffile.TiffFile(path) as tiff:
        first, last = tiff.pages[0].offset, tiff.pages[-1].offset
    data = bytearray(path.read_bytes())
    end = last + 2 + 12 * int.from_bytes(data[last : last + 2], "little")
    assert data[end : end + 4] == bytes(4)
    data[end : end + 4] = first.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.tif is damaged: after 3 pages"):
        open_volume(path)
    with pytest.raises(Refused, match="comes back"):
        read_image(path)


def test_an_hdf5_file_whose_heap_runs_in_a_circle_is_left_after_the_limit(monkeypatch):
    monkeypatch.setattr(hdf5, "SECONDS", 4)
    with pytest.raises(InputError, match=r"circle\.h5 cannot be looked through within 4 s"):
        open_arrays(CIRCLE)


def test_texts_and_data_sets_of_no_extent_are_no_damage(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["title"], file["names"] = np.zeros((2, 1, 4, 4)), "cells", ["a", "b"]
        file["nothing"] = h5py.Empty(h5py.string_dtype())
    assert set(hdf5.open_hdf5_file(tmp_path / "a.h5")) == {"x", "title", "names", "nothing"}


def test_an_hdf5_file_that_ends_the_process_ends_another(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros((2, 1, 4, 4))
    assert "x" in open_arrays(tmp_path / "a.h5")[0]
    hdf5._check.cache_clear()
    monkeypatch.setattr(hdf5, "WALK", "import os; os.abort()")
    with pytest.raises(InputError, match=r"a\.h5 is damaged"):
        open_arrays(tmp_path / "a.h5")


def test_a_damaged_mask_is_listed_and_its_image_left_out(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    image = np.random.default_rng(0).integers(1, 255, (48, 48), dtype=np.uint8)
    mask = np.zeros((48, 48), np.uint8)
    mask[5:15, 5:15], mask[25:40, 20:40] = 1, 2
    for name in "ab":
        Image.fromarray(image).save(tmp_path / f"images/{name}.png")
        Image.fromarray(mask).save(tmp_path / f"masks/{name}.png")
    damaged = (tmp_path / "masks/b.png").read_bytes()
    (tmp_path / "masks/b.png").write_bytes(damaged[:10] + b"?" + damaged[11:])
    source = {"images": str(tmp_path / "images"), "masks": str(tmp_path / "masks")}
    _, rows, reports = read_crops(tmp_path, source, skip=True)
    assert rows["image"].unique().tolist() == ["a"]
    (finding,) = reports[1].refusals
    assert finding.code == "unreadable" and "the mask b.png" in finding.message
    with pytest.raises(InputError, match=r"b\.png.*the mask b\.png.*on_bad_input"):
        read_crops(tmp_path, source)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "/a/b.h5"), "/a/b.h5: Permission denied; give"),
        (OSError(30, "Read-only file system", "/a"), "/a: Read-only file system"),
        (OSError(28, "No space left on device"), "the disk is full"),
        (MemoryError("4 GB"), "the memory is full (4 GB)"),
        (KeyError("oh"), "this was not expected (KeyError: 'oh'); please report it"),
    ],
)
def test_a_job_ends_in_one_sentence_whatever_happened(error, said, capsys):
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as stop:
        run(main, [])
    lines = capsys.readouterr().err.splitlines()
    assert stop.value.code == 1 and lines[-1].startswith(f"error: {said}")
    unexpected = isinstance(error, (KeyError, MemoryError))
    assert any("Traceback" in line for line in lines) == unexpected


def test_three_hundred_damaged_files_are_read_or_end_in_a_sentence():
    command = [sys.executable, ROOT / "tests/campaigns/fuzz.py", "--cases", "300", "--seed", "7"]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
    assert found.stdout.splitlines()[-1].split()[0] == "all"


BOMB = """
import sys
from pathlib import Path
from morphoflow.errors import InputError
from morphoflow.reading import guard
guard.BOUND = 600 << 20
from morphoflow.cells.reading.containers import open_arrays
try:
    open_arrays(Path(sys.argv[1]))[0]["x"][:]
except (InputError, OSError, MemoryError) as error:
    print("stopped:", error)
# That of getrusage may be the peak of the process that has started this one.
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
assert int(status["VmHWM"].split()[0]) < 900 << 10, status["VmHWM"]
"""


def expanding(size: int) -> bytes:
    """Some megabytes of zlib that expand to ``size``."""
    packer, zeros = zlib.compressobj(1), bytes(1 << 22)
    return b"".join(packer.compress(zeros) for _ in range(size >> 22)) + packer.flush()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_chunk_that_expands_beyond_the_memory_ends_in_a_sentence(tmp_path):
    path = tmp_path / "crops.h5"
    with h5py.File(path, "w") as file:
        shape = {"shape": (4, 1, 8, 8), "chunks": (4, 1, 8, 8), "dtype": "u1"}
        made = file.create_dataset("x", compression="gzip", **shape)
        made.id.write_direct_chunk((0, 0, 0, 0), expanding(640 << 20))
    command = [sys.executable, "-c", BOMB, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=SCRIPTS)
    assert done.returncode == 0 and "stopped" in done.stdout, done.stderr
