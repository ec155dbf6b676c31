"""Units and compartments of neurons."""

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.neurons.reading.prepare import Part, read_neurons
from morphoflow.swc_files import swc_text
from swc_texts import ALL, PLAIN, assert_same, read_text, segments
from synthetic_neurons import small_forest


@pytest.mark.parametrize(
    ("part", "factor"),
    [
        ({"units": "nm"}, (1e-3, 1e-3, 1e-3)),
        ({"units": "voxel", "voxel_size_um": [0.5, 0.5, 4.0]}, (0.5, 0.5, 4.0)),
    ],
)
def test_units_scale_each_axis_and_the_radius(tmp_path, part, factor):
    text = PLAIN + "5 3 4 13 9 1 4\n"
    plain, _ = read_text(tmp_path, text)
    scaled, _ = read_text(tmp_path, text, part=part)
    np.testing.assert_allclose(scaled.xyz, plain.xyz * factor, rtol=1e-6)
    np.testing.assert_allclose(scaled.radius, plain.radius * np.prod(factor) ** (1 / 3), rtol=1e-6)


def test_parts_have_units_of_their_own_and_share_ids_and_copies(tmp_path):
    for folder in ("um", "nm"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"in_{folder}.swc").write_text(PLAIN)
    thousandfold = PLAIN.replace("10", "10000").replace("13", "13000").replace("4", "4000")
    (tmp_path / "nm" / "copy.swc").write_text(thousandfold.replace("\n4000 ", "\n4 "))
    parts = [
        Part([tmp_path / "um" / "in_um.swc"]),
        Part([tmp_path / "nm" / "in_nm.swc", tmp_path / "nm" / "copy.swc"], units="nm"),
    ]
    choice = {"compartments": ALL, "roots": "join", "on_bad_input": "skip"}
    forest, quality = read_neurons(parts, **choice)
    assert forest.ids.tolist() == ["in_um", "in_nm"]
    np.testing.assert_allclose(forest.cable_length, [20, 0.02], rtol=1e-6)
    assert quality.set_index("code").loc["same_neuron", "value"] == "in_um.swc"
    with pytest.raises(InputError, match="name of two neurons"):
        read_neurons([parts[0], Part(parts[0].files, units="nm")], **choice)


def test_the_place_of_the_neuron_does_not_matter(tmp_path):
    forest = small_forest(3).neuron(2)
    expected, _ = read_text(tmp_path, swc_text(forest))
    away = [line.split() for line in swc_text(forest).splitlines()[1:]]
    for row in away:
        row[2] = f"{float(row[2]) + 1000:.3f}"
    moved, _ = read_text(tmp_path, "\n".join(" ".join(row) for row in away))
    assert_same(moved, expected, atol=1e-5)


MIXED = PLAIN + "5 2 0 20 0 1 2\n6 2 0 30 0 1 5\n7 3 0 36 0 1 6\n8 4 -9 0 0 1 1\n9 7 9 0 0 1 1\n"


@pytest.mark.parametrize(
    ("compartments", "codes", "cable"),
    [
        (["axon"], {1, 2}, 10),
        (["apical"], {1, 4}, 9),
        (["other"], {1, 7}, 9),
        (["dendrite", "apical"], {1, 3, 4}, 20 + 9),
        (ALL, {1, 2, 3, 4, 7}, 20 + 26 + 9 + 9),
    ],
)
def test_compartments_are_chosen_and_lost_pieces_hang_on_an_ancestor_by_bridges(
    tmp_path, compartments, codes, cable
):
    forest, findings = read_text(tmp_path, MIXED, compartments=compartments)
    assert set(forest.compartment.tolist()) == codes
    np.testing.assert_allclose(forest.cable_length, [cable], rtol=1e-6)
    lengths = {"axon": 20, "dendrite": 26}  # of the ways that are no cable
    bridge_um = 0 if compartments == ALL else lengths.get(compartments[0], 0)
    np.testing.assert_allclose(forest.bridge_length, [bridge_um], rtol=1e-6)
    assert ("reconnected" in findings) == bool(codes in ({1, 2}, {1, 3, 4}))
    assert ("left_out" in findings) == (compartments != ALL)


def test_a_root_that_stands_for_the_soma_stays_whatever_its_type(tmp_path):
    text = PLAIN.replace("1 1 0", "1 2 0")
    forest, findings = read_text(tmp_path, text, compartments=["dendrite"])
    assert list(findings) == ["no_soma"]
    assert segments(forest) == segments(read_text(tmp_path, PLAIN)[0])


def test_a_neuron_without_the_chosen_compartments_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cell\.swc: the file has no apical.*choose compartments"):
        read_text(tmp_path, PLAIN, compartments=["apical"])
    with pytest.raises(InputError, match="no axon, dendrite"):
        read_text(tmp_path, "1 1 0 0 0 1 -1\n")
