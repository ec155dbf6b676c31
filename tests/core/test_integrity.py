"""Damage of any result is named with its file, leftovers go, and what is stale is found."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr

from damaged import READERS, content_of, damages, outcome, write_results
from morphoflow.errors import InputError
from morphoflow.files import sha256, whole
from morphoflow.store import read_samples, write_samples
from morphoflow.store_stream import stream_samples
from morphoflow.tables import read_table, write_table
from morphoflow.verify import lineage, main, verify


@pytest.mark.parametrize("name", READERS)
def test_no_damage_is_silent_or_raw(tmp_path, name):
    write_results(tmp_path)
    result = tmp_path / name
    clean = content_of(result)
    found = [(kind, outcome(result, clean)) for kind, _ in damages(result, many=10, seed=1)]
    assert {said for _, said in found} <= {"named", "same"}
    assert {said for kind, said in found if kind != "flip"} == {"named"}
    # A flip that changes nothing is one of spare bytes in an archive.
    assert sum(said == "same" for _, said in found) <= 3
    assert content_of(result) == clean


def test_a_lost_and_a_damaged_chunk_are_named_with_the_rule_that_makes_the_store(tmp_path):
    path, x = tmp_path / "walks.zarr", np.random.default_rng(0).normal(size=(6, 2))
    ids = [f"o{i}" for i in range(6)]
    record = {"command": "sample_walks.py"}
    write_samples(path, ids, x, axes=["n", "f"], units="um", provenance=record)
    chunk = path / "x" / "c" / "0" / "0"
    content = chunk.read_bytes()
    chunk.write_bytes(content[:9] + bytes([content[9] ^ 1]) + content[10:])
    with pytest.raises(InputError, match=r"walks\.zarr: the chunk x/c/0/0 is.*sample_walks"):
        read_samples(path).x[:]
    chunk.unlink()
    with pytest.raises(InputError, match=r"walks\.zarr lacks the chunk x/c/0/0; .*sample_walks`"):
        read_samples(path)


def test_chunks_have_a_checksum_that_every_reader_of_zarr_knows(tmp_path):
    x = np.ones((6, 2), np.float32)
    axes = {"axes": ["n", "f"], "units": "um", "provenance": {}}
    write_samples(tmp_path / "a.zarr", list("abcdef"), x, **axes)
    with stream_samples(tmp_path / "b.zarr", **axes) as stream:
        stream.append(list("abcdef"), x)
    assert sha256(tmp_path / "a.zarr") == sha256(tmp_path / "b.zarr")
    array = zarr.open_group(tmp_path / "a.zarr", mode="r")["x"]
    assert [type(codec).__name__ for codec in array.compressors] == ["ZstdCodec", "Crc32cCodec"]
    np.testing.assert_array_equal(array[:], x)


def test_what_a_killed_process_left_goes_with_the_next_write_and_what_lives_stays(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = [tmp_path / f".out.partial-{number}" for number in (ended.pid, os.getpid())]
    dead[0].mkdir()
    (dead[0] / "part").write_text("half")
    dead[1].write_text("of a process that had this number before")
    kept = [tmp_path / f".out.partial-{os.getppid()}", tmp_path / ".other.partial-1x"]
    for path in kept:
        path.write_text("lives")
    with whole(tmp_path / "out") as partial:
        partial.write_text("new")
    assert sorted(tmp_path.iterdir()) == sorted([*kept, tmp_path / "out"])


def a_chain(folder: Path) -> None:
    """raw.txt -> objects -> scores, by their recorded checksums."""
    run = folder / "toy" / "model"
    raw, objects = folder / "raw.txt", folder / "toy" / "objects.parquet"
    raw.write_text("raw")
    table = pd.DataFrame({"id": ["a"], "volume_um3": [1.0]})

    def record(command, source):
        return {"command": command, "inputs": [f"{source.name} sha256:{sha256(source)}"]}

    write_table(objects, table, record("read_things.py", raw))
    write_table(run / "scores.parquet", table, record("score_things.py", objects))


def test_results_that_are_what_they_were_are_followed_to_raw_files(tmp_path):
    a_chain(tmp_path)
    verified = verify(tmp_path)
    assert not verified.damaged and not verified.stale and verified.raw == {"raw.txt"}
    scores = next(r for r in verified.results if r.path.name == "scores.parquet")
    lines = lineage(scores, verified.by_checksum())
    assert [line.split()[0].split("/")[-1] for line in lines] == [
        *("scores.parquet", "objects.parquet", "raw.txt")
    ]


def test_what_was_made_of_another_file_is_named_with_its_rule_and_what_is_damaged(tmp_path):
    a_chain(tmp_path)
    objects = tmp_path / "toy" / "objects.parquet"
    table = read_table(objects)
    write_table(objects, table.assign(volume_um3=2.0), {"command": "read_things.py", "inputs": []})
    (stale,) = verify(tmp_path).stale
    assert "scores.parquet was made of another objects.parquet" in stale
    assert "`score_things`" in stale
    objects.write_bytes(objects.read_bytes()[:-1])
    (damaged,) = verify(tmp_path).damaged
    assert "objects.parquet" in damaged


def test_the_command_says_so_in_its_exit_code(tmp_path, capsys):
    a_chain(tmp_path)
    scores = tmp_path / "toy" / "model" / "scores.parquet"
    assert main([str(tmp_path), "--of", str(scores)]) == 0
    said = capsys.readouterr().out
    assert "raw.txt (raw, sha256" in said and "2 results are whole, 0 are damaged" in said
    scores.write_bytes(b"PAR1")
    assert main([str(tmp_path)]) == 1
    assert "1 are damaged" in capsys.readouterr().out
    assert main([str(tmp_path / "none")]) == 1
    assert "there is no folder" in capsys.readouterr().err
