"""Neurons from servers: single files, a record of archives, two services; nothing is invented."""

import hashlib
import io
import tarfile
import zipfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd
import pytest
import yaml

import fetch_neurons
from morphoflow.errors import InputError
from morphoflow.neurons.demo import published
from morphoflow.tables import read_table
from places import CARDS
from serving import served

pytestmark = pytest.mark.usefixtures("from_a_script")

SWC = b"1 1 0 0 0 1 -1\n2 3 %d 0 0 1 1\n"


@pytest.fixture
def serve():
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(served(answer))


def fetch(folder: Path, name: str, **changed) -> tuple[dict[str, bytes], pd.DataFrame]:
    """What the shipped card ``name`` gives, some of its facts changed."""
    facts = yaml.safe_load((CARDS / f"{name}.yaml").read_text()) | changed
    (folder / "card.yaml").write_text(yaml.safe_dump(facts, sort_keys=False))
    out = {"archive": folder / "out.zip", "labels": folder / "out.labels.parquet"}
    fetch_neurons.main(card=folder / "card.yaml", **out)
    with zipfile.ZipFile(out["archive"]) as archive:
        content = {member: archive.read(member) for member in archive.namelist()}
    return content, read_table(out["labels"]).fillna("")


def test_single_files_are_fetched_from_a_server_and_checked(tmp_path, serve):
    files = {"PC/pc 1.swc": SWC % 1, "PV/pv1.swc": SWC % 2}
    address = serve(lambda path: files.get(unquote(path)[1:]))
    listed = [
        {"path": path, "id": path[3:-4], "label": path[:2], "sha256": digest(content)}
        for path, content in files.items()
    ]
    content, table = fetch(tmp_path, "ca1_neurons", address=address, files=listed)
    assert content == {"pc 1.swc": SWC % 1, "pv1.swc": SWC % 2}
    assert table.values.tolist() == [["pc 1", "PC", "pc 1"], ["pv1", "PV", "pv1"]]
    listed[1]["sha256"] = digest(b"other")
    with pytest.raises(InputError, match=r"pv1.swc has the SHA-256.*replaced"):
        fetch(tmp_path, "ca1_neurons", address=address, files=listed)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def record(serve):
    """The address of a service with a record of two archives, one of them with a third in it."""
    inner = tarred({"deep/rgc/c.swc": SWC % 3, "deep/notes.txt": b"no neuron"})
    files = {
        "data.zip": zipped({"data/exc/a.swc": SWC % 1, "data/rgc.tar.gz": inner}),
        "more.tar.gz": tarred({"inh/b.swc": SWC % 2}),
        "paper.pdf": b"not looked at",
    }
    address = ""

    def answer(path: str) -> object:
        if path == "/records/4920391":
            return {
                "files": [
                    {
                        "key": name,
                        "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
                        "links": {"self": f"{address}/{name}"},
                    }
                    for name, content in files.items()
                ]
            }
        if path == "/records/1":
            links = {"self": f"{address}/data.zip"}
            return {"files": [{"key": "data.zip", "checksum": "md5:0", "links": links}]}
        return files.get(path[1:]) if path != "/paper.pdf" else None

    address = serve(answer)
    return address


def test_a_record_is_searched_in_all_its_archives(tmp_path, record):
    content, table = fetch(tmp_path, "morphvae_zenodo", address=record)
    assert content == {"a.swc": SWC % 1, "b.swc": SWC % 2, "c.swc": SWC % 3}
    assert set(table["label"]) == {""}, "no label is made up"
    content, table = fetch(
        tmp_path, "morphvae_zenodo", address=record, pattern="*/rgc/*", label_from="folder"
    )
    assert list(content) == ["c.swc"] and table["label"].tolist() == ["rgc"]


def test_a_damaged_archive_and_a_pattern_without_files_are_refused(tmp_path, record):
    with pytest.raises(InputError, match=r"data.zip has the checksum md5:.* md5:0"):
        fetch(tmp_path, "morphvae_zenodo", address=record, record=1)
    with pytest.raises(InputError, match=r"none\*`; it has data/exc/a.swc.*correct the card"):
        fetch(tmp_path, "morphvae_zenodo", address=record, pattern="none*")
    with pytest.raises(InputError, match="could not be fetched"):
        fetch(tmp_path, "morphvae_zenodo", address=record, record=2)


def test_neuromorpho_is_asked_page_by_page(tmp_path, serve, monkeypatch):
    monkeypatch.setattr(published, "PAGE", 2)
    kinds = [["basket", "interneuron"], ["pyramidal", "principal cell"], None]
    neurons = [
        {
            "neuron_name": f"n {k}",
            "archive": "Some Lab",
            "cell_type": kind,
            "reference_doi": [k % 2],
        }
        for k, kind in enumerate(kinds)
    ]
    asked = []

    def answer(path: str) -> object:
        parts = urlsplit(path)
        if parts.path == "/api/neuron/select":
            flags = parse_qs(parts.query)
            asked.append((flags["q"], flags["fq"]))
            page = int(flags["page"][0])
            some = neurons[2 * page : 2 * page + 2]
            return {"_embedded": {"neuronResources": some}, "page": {"totalPages": 2}}
        name = unquote(parts.path).removeprefix("/dableFiles/some lab/CNG version/n ")
        return SWC % int(name.removesuffix(".CNG.swc"))

    content, table = fetch(tmp_path, "neuromorpho_query", address=serve(answer))
    assert asked == [(["species:rat"], ["brain_region:neocortex"])] * 2
    assert content == {f"n {k}.swc": SWC % k for k in range(3)}
    assert table["label"].tolist() == ["interneuron", "principal cell", ""]
    assert table["group"][0] == table["group"][2] != table["group"][1]
    few, _ = fetch(tmp_path, "neuromorpho_query", address=serve(answer), most=1)
    assert list(few) == ["n 0.swc"]


def test_allen_is_asked_row_by_row_and_cells_without_reconstruction_left_out(
    tmp_path, serve, monkeypatch
):
    monkeypatch.setattr(published, "PAGE", 2)
    cells = [
        {"specimen__id": k, "nrwkf__id": file, "donor__id": k // 2, "tag__dendrite_type": kind}
        for k, (file, kind) in enumerate([(7, "spiny"), (None, "spiny"), (9, "aspiny")])
    ]

    def answer(path: str) -> object:
        path = unquote(path)
        if path.startswith("/data/query.json"):
            assert "[donor__species$eq'Mus musculus']" in path
            start = int(path.split("start_row$eq")[1].split("]")[0])
            return {"msg": cells[start : start + 2], "total_rows": 3}
        return SWC % int(path.removeprefix("/well_known_file_download/"))

    content, table = fetch(tmp_path, "allen_cell_types", address=serve(answer))
    assert content == {"0.swc": SWC % 7, "2.swc": SWC % 9}
    assert table.astype(str).values.tolist() == [["0", "spiny", "0"], ["2", "aspiny", "1"]]


def test_an_empty_answer_and_one_that_is_no_json_are_named(tmp_path, serve):
    empty = serve(lambda path: {"msg": [], "total_rows": 0})
    with pytest.raises(InputError, match=r"has no neuron for .*Mus musculus"):
        fetch(tmp_path, "allen_cell_types", address=empty)
    page = serve(lambda path: b"<html>")
    with pytest.raises(InputError, match="did not answer in JSON"):
        fetch(tmp_path, "neuromorpho_query", address=page)
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.parametrize("name", ["morphvae_zenodo", "neuromorpho_query", "allen_cell_types"])
def test_what_could_not_be_verified_is_said(name):
    facts = yaml.safe_load((CARDS / f"{name}.yaml").read_text())
    assert "sha256" not in facts and "in the making of this card" in facts["description"]
