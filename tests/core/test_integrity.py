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
from morphoflow.integrity import PIECE_BYTES
from morphoflow.manifest import list_files, whole_folder, write_manifest
from morphoflow.records import check_inputs, listed, record_of
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


def test_a_chunk_that_is_lost_after_its_store_was_opened_is_not_read_as_zeros(tmp_path):
    path, x = tmp_path / "walks.zarr", np.ones((6, 2), np.float32)
    write_samples(path, list("abcdef"), x, axes=["n", "f"], units="um", provenance={})
    opened = read_samples(path)
    (path / "x" / "c" / "0" / "0").unlink()
    with pytest.raises(InputError, match=r"walks\.zarr lacks the chunk x/c/0/0"):
        opened.x[:]


def test_chunks_of_zeros_need_no_file(tmp_path):
    path, x = tmp_path / "walks.zarr", np.zeros((6, 2), np.float32)
    write_samples(path, list("abcdef"), x, axes=["n", "f"], units="um", provenance={})
    assert not (path / "x" / "c").exists() and not read_samples(path).x[:].any()


@pytest.mark.parametrize("place", [0, PIECE_BYTES, 2 * PIECE_BYTES - 1, -1])
def test_every_piece_of_a_chunk_is_compared(tmp_path, place):
    x = np.random.default_rng(0).bytes(3 * PIECE_BYTES)
    x = np.frombuffer(x, np.uint8).reshape(6, -1)
    path = tmp_path / "noise.zarr"
    write_samples(path, list("abcdef"), x, axes=["n", "f"], units="", provenance={})
    np.testing.assert_array_equal(read_samples(path).x[:], x)
    chunk = path / "x" / "c" / "0" / "0"
    content = bytearray(chunk.read_bytes())
    content[place] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(InputError, match=r"noise\.zarr: the chunk x/c/0/0 is damaged"):
        read_samples(path).x[:]


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
        return {"command": command, "inputs": [listed(source)]}

    write_table(objects, table, record("read_things.py", raw))
    write_table(run / "scores.parquet", table, record("score_things.py", objects))


def test_results_that_are_what_they_were_are_followed_to_raw_files(tmp_path):
    a_chain(tmp_path)
    verified = verify(tmp_path)
    assert not verified.damaged and not verified.stale and verified.raw == {"raw.txt"}
    scores = next(path for path in verified.results if path.name == "scores.parquet")
    lines = lineage(scores, verified)
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
    assert main([str(tmp_path / "toy"), "--of", str(scores)]) == 0
    said = capsys.readouterr().out
    assert "raw.txt (raw, " in said and "2 results are whole, 0 are damaged, 0 files are" in said
    scores.write_bytes(b"PAR1")
    assert main([str(tmp_path / "toy")]) == 1
    assert "1 are damaged" in capsys.readouterr().out
    assert main([str(tmp_path / "none")]) == 1
    assert "there is no folder" in capsys.readouterr().err


def test_a_job_stops_where_what_it_reads_was_made_of_another_file_than_is_there(tmp_path):
    a_chain(tmp_path)
    objects, scores = tmp_path / "toy" / "objects.parquet", tmp_path / "toy/model/scores.parquet"
    check_inputs([objects, scores])
    table = read_table(objects)
    write_table(objects, table.assign(volume_um3=2.0), {"command": "read_things.py", "inputs": []})
    with pytest.raises(InputError, match=r"scores\.parquet was made of another .*`score_things`"):
        check_inputs([scores])


def test_files_of_one_job_are_not_taken_for_each_others_inputs(tmp_path):
    # A dataset may read a store of another, of the name that its own bears.
    ids, axes = ["a", "b"], {"axes": ["n", "f"], "units": "um"}
    theirs, ours = tmp_path / "crops.zarr", tmp_path / "toy" / "samples" / "crops.zarr"
    write_samples(theirs, ids, np.zeros((2, 3)), **axes, provenance={"command": "other.py"})
    record = {"command": "read_things.py", "inputs": [listed(theirs)]}
    write_samples(ours, ids, np.ones((2, 3)), **axes, provenance=record)
    write_table(tmp_path / "toy" / "objects.parquet", pd.DataFrame({"id": ids}), record)
    check_inputs([ours, tmp_path / "toy" / "objects.parquet"])


def test_every_kind_of_result_holds_the_digest_of_its_content(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write_results(tmp_path / "a")
    write_results(tmp_path / "b")
    for name in READERS:
        if not Path(name).suffix:  # folders, of which the manifest is the result
            continue
        one, other = (record_of(tmp_path / folder / name) for folder in "ab")
        assert one == other and one.command == "read_things" and len(one.digest) == 64
        assert listed(tmp_path / "a" / name) == f"{name} result:{one.digest}"


def test_the_digest_of_a_store_is_one_of_its_values(tmp_path):
    axes = {"axes": ["n", "f"], "units": "um", "provenance": {}}
    found = set()
    for value in (1, 2):
        write_samples(tmp_path / "a.zarr", ["a"], np.full((1, 3), value, np.uint8), **axes)
        found.add(record_of(tmp_path / "a.zarr").digest)
    assert len(found) == 2


def test_raw_files_are_compared_where_they_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw, elsewhere = Path("data/raw.txt"), Path("shelf/deep/far.txt")
    for path in (raw, elsewhere):
        path.parent.mkdir(parents=True)
        path.write_text("raw")
    inputs = [listed(raw), listed(elsewhere.resolve())]
    record = {"command": "read_things.py", "inputs": inputs}
    write_table(Path("results/toy/objects.parquet"), pd.DataFrame({"id": ["a"]}), record)
    found = verify(Path("results"))
    assert found.raw == {"data/raw.txt", "far.txt"} and found.unseen == {"far.txt"}
    assert not found.stale and not verify(Path("results"), [Path("shelf")]).unseen
    raw.write_text("other")
    (said,) = verify(Path("results")).stale
    assert "made of another data/raw.txt" in said and "`read_things`" in said


def test_a_lost_and_a_changed_figure_are_noticed(tmp_path):
    folder = tmp_path / "figures"
    folder.mkdir()
    for name in ("maps.svg", "maps.png"):
        (folder / name).write_text(name)
    write_manifest(folder, {"command": "draw_run.py"})
    assert not verify(tmp_path).damaged
    (folder / "maps.png").write_text("other")
    (said,) = verify(tmp_path).damaged
    assert "maps.png is damaged" in said and "`draw_run`" in said
    (folder / "maps.png").unlink()
    (said,) = verify(tmp_path).damaged
    assert "figures lacks maps.png" in said
    (folder / "files.json").write_text("{")
    assert "files.json is damaged or lost" in verify(tmp_path).damaged[0]


def test_a_folder_that_is_a_result_needs_its_manifest(tmp_path):
    with whole_folder(tmp_path / "generated", {"command": "generate_images.py"}) as folder:
        folder.mkdir()
        (folder / "grid.png").write_text("grid")
    assert not verify(tmp_path).damaged
    (tmp_path / "generated" / ".snakemake_timestamp").touch()
    assert not verify(tmp_path).damaged
    (tmp_path / "generated" / "files.json").unlink()
    (said,) = verify(tmp_path).damaged
    assert "generated/files.json is damaged or lost" in said


def test_single_files_are_held_against_a_list_beside_them_and_one_without_is_named(tmp_path):
    movies = [tmp_path / name for name in ("ways.gif", "ways.mp4")]
    for path in movies:
        path.write_bytes(b"frames")
    assert len(verify(tmp_path).unlisted) == 2
    list_files(movies, {"command": "film_ways.py"})
    verified = verify(tmp_path)
    assert not verified.damaged and not verified.unlisted
    assert [path.name for path in verified.results] == ["ways.files.json"]
    movies[1].write_bytes(b"frame5")
    (said,) = verify(tmp_path).damaged
    assert "ways.mp4 is damaged" in said and "delete " in said and "`film_ways`" in said
    (tmp_path / "ways.files.json").unlink()
    assert main([str(tmp_path)]) == 1


def test_a_list_beside_others_vouches_for_its_own_files_alone(tmp_path):
    # Two rules draw into one folder, in any order.
    for order in (1, -1):
        folder = tmp_path / str(order)
        folder.mkdir()
        for name in ("scores", "differences")[::order]:
            (folder / f"{name}.svg").write_text(name)
            list_files([folder / f"{name}.svg"], {"command": "draw.py"})
    assert sha256(tmp_path / "1") == sha256(tmp_path / "-1")


def test_files_of_tools_and_running_jobs_need_no_list(tmp_path):
    for name in ("logs/train.log", "checkpoints/a.pt", "toy/.atlas.html.partial-1", ".gitkeep"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    verified = verify(tmp_path)
    assert not verified.unlisted and not verified.damaged


def test_a_result_beside_another_of_its_job_may_be_made_of_one_of_that_name(tmp_path):
    # As the embedding by a model of another dataset, and where it lies among that one's.
    a_chain(tmp_path)
    table, ours = pd.DataFrame({"id": ["a"]}), tmp_path / "other"
    write_table(ours / "objects.parquet", table, {"command": "apply.py"})
    record = {"command": "apply.py", "inputs": [listed(tmp_path / "toy" / "objects.parquet")]}
    write_table(ours / "placed.parquet", table, record)
    check_inputs([ours / "placed.parquet"])


def test_a_changed_file_below_a_folder_is_noticed_and_a_store_for_others_is_no_result(tmp_path):
    chunk = Path("clusters.ome.zarr") / "0" / "0.0.0"
    with whole_folder(tmp_path / "masks", {"command": "write_masks.py"}) as folder:
        (folder / chunk).parent.mkdir(parents=True)
        (folder / chunk).write_bytes(b"voxels")
    verified = verify(tmp_path)
    assert not verified.damaged and [path.name for path in verified.results] == ["files.json"]
    (tmp_path / "masks" / chunk).write_bytes(b"others")
    (said,) = verify(tmp_path).damaged
    assert "masks/clusters.ome.zarr is damaged" in said and "`write_masks`" in said


@pytest.mark.parametrize("name", ["objects.parquet", "embedding.h5ad"])
def test_a_damaged_file_names_the_rule_that_makes_it_anew(tmp_path, name):
    write_results(tmp_path)
    result = tmp_path / name
    content = bytearray(result.read_bytes())
    content[len(content) // 3] ^= 1
    result.write_bytes(content)
    with pytest.raises(InputError, match=f"{name} is damaged.*the rule `read_things` makes"):
        READERS[name](result)
