"""Folders and archives of SWC files, copies, what is refused and what is written."""

import gzip
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.neurons.reading.sources import files_with_neurons
from morphoflow.neurons.reading.tree import follow, path_sum, root_of
from morphoflow.swc_files import write_archive, write_swc
from swc_texts import PLAIN, assert_same, read
from synthetic_neurons import small_forest

REAL = Path(os.environ.get("MORPHOFLOW_REAL_SWC", "nowhere"))


def three_files(folder: Path) -> list[Path]:
    texts = {"good": PLAIN, "broken": PLAIN.replace("13", "x"), "again": "# copy\n" + PLAIN}
    for name, text in texts.items():
        (folder / f"{name}.swc").write_text(text)
    return [folder / f"{name}.swc" for name in texts]


def test_skipping_lists_every_file_and_leaves_out_the_refused(tmp_path):
    forest, quality = read(three_files(tmp_path), on_bad_input="skip")
    assert forest.ids.tolist() == ["good"]
    verdicts = quality[quality["code"] == "verdict"].set_index("file")
    assert verdicts["verdict"].to_dict() == {
        "good.swc": "ok",
        "broken.swc": "refused",
        "again.swc": "refused",
    }
    assert verdicts["n_nodes"].fillna(-1).tolist() == [4, -1, -1]
    assert verdicts["cable_length_um"].iloc[0] == pytest.approx(20.0)
    findings = quality[quality["severity"] == "refused"].set_index("code")
    assert findings.loc["not_a_number", ["file", "line", "value"]].tolist() == [
        "broken.swc",
        3,
        "x",
    ]
    assert findings.loc["same_neuron", "value"] == "good.swc"
    assert str(tmp_path) not in quality.to_csv()


def test_stopping_names_file_line_value_remedy_and_count(tmp_path):
    files = three_files(tmp_path)
    with pytest.raises(InputError) as caught:
        read(files, on_bad_input="stop")
    for part in ("broken.swc, line 3", "'x'", "correct the line", "2 of 3 files"):
        assert part in str(caught.value)
    with pytest.raises(InputError, match="1 of 1 files"):
        read(files[1:2], on_bad_input="skip")


def test_copies_are_found_in_any_order_of_lines_and_sign_of_zero(tmp_path):
    lines = PLAIN.splitlines()
    (tmp_path / "a.swc").write_text(PLAIN)
    (tmp_path / "b.swc").write_text("\n".join(lines[::-1]).replace("0 10 0", "-0.0 10 -0.0"))
    (tmp_path / "c.swc").write_text(PLAIN.replace("13", "13.01"))
    forest, quality = read([tmp_path / f"{name}.swc" for name in "abc"])
    assert forest.ids.tolist() == ["a", "c"]
    assert quality.set_index("code").loc["same_neuron", "value"] == "a.swc"


def test_archives_folders_and_suffixes_read_alike(tmp_path):
    content = {f"deep/{name}.SWC": PLAIN.replace("13", str(name)).encode() for name in (20, 11)}
    write_archive(tmp_path / "cells.ZIP", {**content, "__MACOSX/deep/x.swc": b"", "read.me": b""})
    forest, quality = read([tmp_path / "cells.ZIP"])
    assert forest.ids.tolist() == ["11", "20"]
    names = ["deep/11.SWC", "deep/20.SWC", "__MACOSX/deep/x.swc"]
    assert quality["file"].tolist() == [f"cells.ZIP/{name}" for name in names]
    assert quality["code"].tolist() == ["verdict", "verdict", "hidden_file"]
    for name, data in content.items():
        (tmp_path / Path(name).name).write_bytes(data)
    loose, _ = read([tmp_path / "11.SWC", tmp_path / "20.SWC"])
    assert_same(loose, forest)


def test_neurons_of_an_archive_come_in_the_order_of_their_names(tmp_path):
    with zipfile.ZipFile(tmp_path / "cells.zip", "w") as archive:
        for name in ("b", "c", "a"):
            archive.writestr(f"{name}.swc", PLAIN.replace("13", str(ord(name))))
    forest, _ = read([tmp_path / "cells.zip"])
    assert forest.ids.tolist() == ["a", "b", "c"]


def test_files_that_cannot_be_meant_stop_with_their_names(tmp_path):
    (tmp_path / "cell.swc").write_text(PLAIN)
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "bad.zip").write_text("no archive")
    write_archive(tmp_path / "cells.zip", {"in/cell.swc": PLAIN.encode()})
    write_archive(tmp_path / "none.zip", {"a.txt": b""})
    for names, complaint in {
        ("cell.swc", "cells.zip"): r"'cell'.*cell\.swc and .*cells\.zip/in/cell\.swc",
        ("notes.txt",): r"notes\.txt is neither",
        ("bad.zip",): r"bad\.zip cannot be read .*copy or export it anew",
        ("none.zip",): r"none\.zip holds no \.swc",
        ("absent.swc",): r"absent\.swc does not exist",
        (): "no neurons to read",
    }.items():
        with pytest.raises(InputError, match=complaint):
            read([tmp_path / name for name in names])


def test_damaged_member_of_an_archive_is_refused_not_a_crash(tmp_path):
    write_archive(tmp_path / "cells.zip", {"a.swc": PLAIN.encode(), "b.swc": PLAIN.encode() * 3})
    data = bytearray((tmp_path / "cells.zip").read_bytes())
    data[40] ^= 0xFF
    (tmp_path / "cells.zip").write_bytes(data)
    with pytest.raises(InputError, match=r"cells\.zip/a\.swc: the file cannot be read"):
        read([tmp_path / "cells.zip"], on_bad_input="stop")


@pytest.mark.parametrize("target", ["cells.zip", "cells"])
def test_written_neurons_read_back_equal_and_with_equal_bytes(tmp_path, target):
    forest = small_forest(8)
    for place in ("a", "b"):
        write_swc(tmp_path / place / target, forest, decimals=3)
    assert sha256(tmp_path / "a" / target) == sha256(tmp_path / "b" / target)
    written = tmp_path / "a" / target
    again, quality = read([written] if written.is_file() else sorted(written.iterdir()))
    assert set(quality["verdict"]) == {"ok"}
    assert_same(again, forest, atol=5.1e-4)
    write_swc(tmp_path / "c" / target, again, decimals=3)
    assert sha256(tmp_path / "c" / target) == sha256(written)


def test_pointer_steps_on_a_tree_with_known_answers():
    parent = np.array([-1, 0, 1, 1, 3, -1, 5])
    assert root_of(parent).tolist() == [0, 0, 0, 0, 0, 5, 5]
    assert path_sum(parent, np.arange(7.0)).tolist() == [0, 1, 3, 4, 8, 0, 6]
    assert set(follow(np.array([1, 2, 0, 2])).tolist()) <= {0, 1, 2}
    n = 3000
    assert path_sum(np.arange(n) - 1, np.ones(n)).tolist() == list(range(n))


@pytest.mark.skipif(not REAL.is_dir(), reason="MORPHOFLOW_REAL_SWC names no folder of SWC files")
def test_real_neurons_are_read_without_a_refusal_and_keep_their_cable():
    files = sorted(REAL.rglob("*.swc"))
    forest, quality = read(files, on_bad_input="stop")
    forest.check()
    assert len(forest) == len(files)
    verdicts = quality[quality["code"] == "verdict"]
    kept = verdicts["cable_length_um"] / verdicts["cable_length_read_um"]
    assert kept.between(0.95, 1.001).all()


def test_packed_files_and_archives_in_folders_are_read(tmp_path):
    folder = tmp_path / "lab"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "b.SWC").write_text(PLAIN)
    (folder / "a.swc.gz").write_bytes(gzip.compress(PLAIN.replace("13", "14").encode()))
    packed = gzip.compress(PLAIN.replace("13", "15").encode())
    members = {"x/c.swc": PLAIN.replace("13", "16").encode(), "d.swc.gz": packed}
    write_archive(folder / "more.zip", members)
    (folder / "notes.txt").write_text("none of these")
    files = files_with_neurons(folder)
    forest, quality = read(files, on_bad_input="stop")
    assert sorted(forest.ids) == ["a", "b", "c", "d"]
    assert set(quality["verdict"]) == {"ok"}


def test_hidden_files_are_left_out_and_listed(tmp_path):
    (tmp_path / "a.swc").write_text(PLAIN)
    (tmp_path / "._a.swc").write_bytes(b"\0\5\x16\7")
    forest, quality = read(files_with_neurons(tmp_path), on_bad_input="stop")
    assert forest.ids.tolist() == ["a"]
    (row,) = quality[quality["code"] == "hidden_file"].itertuples()
    assert row.file == "._a.swc" and row.verdict == "skipped"


@pytest.mark.parametrize("name", ["more.tar.gz", "MORE.RAR", "b.eswc"])
def test_what_may_hold_neurons_and_is_not_read_is_listed(tmp_path, name):
    (tmp_path / "a.swc").write_text(PLAIN)
    (tmp_path / name).write_bytes(b"\0")
    forest, quality = read(files_with_neurons(tmp_path), on_bad_input="stop")
    assert forest.ids.tolist() == ["a"]
    assert quality.loc[quality["code"] == "unread_file", "file"].tolist() == [name]


def test_a_damaged_packed_file_is_refused(tmp_path):
    (tmp_path / "a.swc.gz").write_bytes(gzip.compress(PLAIN.encode())[:-12] + b"\0" * 4)
    with pytest.raises(InputError, match=r"a\.swc\.gz: the file cannot be read"):
        read([tmp_path / "a.swc.gz"])


def test_several_processes_read_what_one_does(tmp_path):
    files = three_files(tmp_path)
    forest, quality = read(files, on_bad_input="skip")
    again, listed = read(files, on_bad_input="skip", jobs=2)
    assert_same(again, forest)
    pd.testing.assert_frame_equal(listed, quality)
