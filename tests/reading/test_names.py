"""Ids, labels and groups of any text work or are refused where they are read."""

import os

import anndata
import numpy as np
import pandas as pd
import pytest
import zarr
from PIL import Image

from cell_sources import read as read_crops
from morphoflow.dendrites.reading.files import list_files
from morphoflow.embedding import make_embedding, read_embedding, write_embedding
from morphoflow.errors import InputError
from morphoflow.figures.confusion import plot_confusion
from morphoflow.figures.maps import plot_maps
from morphoflow.figures.save import save_figure
from morphoflow.images.listing import list_images
from morphoflow.neurons.reading.sources import list_sources
from morphoflow.plan.config import read_config
from morphoflow.reading.label_tables import read_label_tables
from morphoflow.reading.labels import LabelColumns, read_labels
from morphoflow.reading.names import check_names, fault_of
from morphoflow.store import read_ids, write_ids
from places import CONFIG

TAKEN = ["L2/3", "../a", ".a", 'it\'s "so"', "Körnerzelle", "細胞", "A", "a", "$x_1$", "y" * 200]
REFUSED = {
    "nul\0": "x00",
    "two\nlines": r"\\n",
    "tab\tin": r"\\t",
    "two\u2028lines": r"\\u2028",
    "not\udcff": "not UTF-8",
}


@pytest.mark.parametrize("name", TAKEN)
def test_slashes_quotes_and_letters_of_any_script_are_taken(name):
    assert fault_of(name) is None
    group = zarr.create_group({})
    write_ids(group, [[name, "other"]], None)
    assert read_ids(group).tolist() == [[name, "other"]]


@pytest.mark.parametrize(("name", "said"), REFUSED.items())
def test_control_characters_and_bytes_that_are_no_text_are_refused(name, said):
    assert fault_of(name)
    with pytest.raises(InputError, match=rf"the id number 2, .*{said}.*; correct it"):
        check_names(["a", name], "the id", "crops.h5")


def test_a_label_with_a_control_character_is_named_with_its_table(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text('id,label\na,x\nb,"two\nlines"\n')
    with pytest.raises(InputError, match=r"labels\.csv: in the column 'label' the value number 2"):
        read_labels([path], LabelColumns("label"))


def test_labels_of_any_text_are_read_as_they_are_and_kept_by_embeddings_and_figures(tmp_path):
    path = tmp_path / "my labels.csv"
    table = pd.DataFrame({"id": [f"{name}/{i}" for i, name in enumerate(TAKEN)], "label": TAKEN})
    table.to_csv(path, index=False)
    read = read_labels([path], LabelColumns("label"))
    assert read["label"].tolist() == TAKEN and read["id"].tolist() == table["id"].tolist()
    objects = read[["id", "label", "group"]].assign(source="s", split="train")
    write_embedding(tmp_path / "e.h5ad", make_embedding(np.eye(len(TAKEN)), objects, {}))
    kept = read_embedding(tmp_path / "e.h5ad")
    assert isinstance(kept, anndata.AnnData)
    assert kept.obs["label"].tolist() == TAKEN and kept.obs_names.tolist() == table["id"].tolist()
    columns = [f"{name}_{axis}" for name in ("pca", "tsne", "umap") for axis in (1, 2)]
    maps = pd.DataFrame(np.random.default_rng(0).normal(size=(len(TAKEN), 6)), columns=columns)
    clusters = np.zeros(len(TAKEN), dtype=int)
    figure = plot_maps(maps, TAKEN, ["train"] * len(TAKEN), clusters, "kmeans")
    save_figure(figure, tmp_path / "maps.svg", tmp_path / "maps.png")
    counts = pd.DataFrame({"split": "test", "true": TAKEN, "predicted": TAKEN, "n": 1})
    save_figure(plot_confusion(counts), tmp_path / "confusion.svg", tmp_path / "confusion.png")


def test_further_columns_that_an_embedding_cannot_hold_are_refused(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("id,label,width/height\na,x,1\n")
    with pytest.raises(InputError, match=r"has a column 'width/height'.*rename it"):
        read_label_tables([], [path], {"label_column": "label"})


def test_files_whose_names_are_not_utf8_are_refused(tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.png")
    try:
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(name, format="png")
    except OSError:
        pytest.skip("this disk takes UTF-8 alone")
    for listed in (list_images, lambda folder: list_files({"images": str(folder)})):
        with pytest.raises(InputError, match=r"bad\\udcff\.png' is not UTF-8; rename the file"):
            listed(tmp_path)
    os.rename(name, name.replace(".png", ".swc"))
    with pytest.raises(InputError, match=r"bad\\udcff\.swc' is not UTF-8"):
        list_sources(sorted(tmp_path.glob("*.swc")))


@pytest.mark.parametrize(("ids", "said"), [(["a", ""], "2 is empty"), (["a", "b\n"], "control")])
def test_ids_of_crops_are_checked_where_they_are_read(tmp_path, ids, said):
    x = np.random.default_rng(0).integers(0, 255, (2, 1, 16, 16), dtype=np.uint8)
    np.savez(tmp_path / "crops.npz", x=x, id=np.array(ids))
    with pytest.raises(InputError, match=rf"crops\.npz: the id number .*{said}"):
        read_crops(tmp_path, {"arrays": str(tmp_path / "crops.npz")}, size=16)


@pytest.mark.parametrize("name", [1, True, None, 1.5])
def test_dataset_names_that_yaml_takes_for_something_else_are_a_sentence(name):
    config = {"neurons": {name: {"sources": [{"toy": "three"}]}}}
    with pytest.raises(ValueError, match=rf"neurons: YAML takes the name of a key for {name}"):
        read_config(config, CONFIG / "schemas/config.schema.yaml")
