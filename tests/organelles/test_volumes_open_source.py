"""EM and labels on grids that fit, gaps in the EM, and pairs that do not belong together."""

import h5py
import numpy as np
import pytest
import zarr

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box, blocks
from morphoflow.organelles.volumes.grids import RegriddedVolume, ratio
from morphoflow.organelles.volumes.open_source import open_source

SIZE = (40.0, 8.0, 8.0)
SHAPE = (12, 20, 24)


class Memory:
    path = "memory"

    def __init__(self, array, voxel_size_nm=SIZE, chunks=(4, 4, 4)):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.chunks, self.voxel_size_nm = chunks, voxel_size_nm
        self.read_sizes = []

    def read(self, box):
        self.read_sizes.append(box.size)
        return np.ascontiguousarray(self.array[box.slices])


def whole(shape):
    return Box((0, 0, 0), tuple(shape))


def write(path, array, size=SIZE, chunks=(4, 5, 6), **options):
    stored = zarr.create_array(path, shape=array.shape, dtype=array.dtype, chunks=chunks, **options)
    stored[:] = array
    if size:
        stored.attrs["voxel_size_nm"] = size
    return str(path)


def labelled(shape=SHAPE, dtype=np.uint32):
    labels = np.zeros(shape, dtype)
    labels[: shape[0] // 2, : shape[1] // 2] = 7
    return labels


def noise(shape=SHAPE):
    return np.random.default_rng(0).integers(1, 256, shape).astype(np.uint8)


@pytest.fixture
def pair(tmp_path):
    """Labels and EM that belong together, as settings."""
    em, labels = write(tmp_path / "em.zarr", noise()), write(tmp_path / "labels.zarr", labelled())
    return {"em": em, "labels": labels}


def test_a_pair_on_one_grid_is_read_as_it_is(pair):
    source = open_source(pair)
    box = Box((3, 4, 5), (9, 20, 21))
    assert source.shape == SHAPE and source.voxel_size_nm == SIZE and source.classes is None
    np.testing.assert_array_equal(source.read_em(box), noise()[box.slices])
    np.testing.assert_array_equal(source.read_labels(box), labelled()[box.slices])


def test_labels_alone_lie_as_they_do_beside_em_that_is_0(pair):
    beside, alone = open_source(pair), open_source({"labels": pair["labels"]})
    assert beside.has_em and not alone.has_em and alone.unused is None
    assert (alone.voxel_size_nm, alone.offset) == (beside.voxel_size_nm, beside.offset)
    assert alone.extent == beside.extent == whole(SHAPE)
    np.testing.assert_array_equal(alone.read_labels(alone.extent), labelled())
    assert not alone.read_em(alone.extent).any()


def test_voxels_in_which_no_organelle_is_seen_are_refused_unless_stated(tmp_path):
    labels = write(tmp_path / "mm.zarr", labelled(), size=(1e6, 1e6, 1e6))
    with pytest.raises(InputError, match=r"voxels of 1e\+06 x .*set `voxel_size_nm`"):
        open_source({"labels": labels})
    stated = {"labels": labels, "voxel_size_nm": [15, 16, 16]}
    assert open_source(stated).voxel_size_nm == (15, 16, 16)
    context = write(tmp_path / "other_mm.zarr", labelled(), size=(5e9, 5e9, 5e9))
    opened = open_source({**stated, "context": context})
    np.testing.assert_array_equal(opened.context.read(whole(SHAPE)), labelled())


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("factors", [(1, 2, 2), (2, 3, 4), (3, 1, 1)])
def test_finer_em_becomes_the_rounded_mean_of_its_boxes(dtype, factors):
    rng = np.random.default_rng(1)
    fine = tuple(n * f for n, f in zip((5, 4, 6), factors, strict=True))
    array = rng.integers(-50 if dtype == np.int16 else 0, 200, fine).astype(dtype)
    volume = RegriddedVolume(Memory(array), (5, 4, 6), tuple((f, 1) for f in factors))
    grouped = [n for pair in zip((5, 4, 6), factors, strict=True) for n in pair]
    means = array.astype(np.float64).reshape(grouped).mean(axis=(1, 3, 5))
    expected = means if dtype == np.float32 else np.floor(means + 0.5)
    np.testing.assert_allclose(volume.read(whole((5, 4, 6))), expected.astype(dtype), rtol=1e-6)


@pytest.mark.parametrize("ratios", [((2, 1),) * 3, ((1, 2),) * 3, ((1, 3), (2, 1), (1, 1))])
def test_boxes_of_another_grid_are_parts_of_the_whole(ratios):
    array = np.random.default_rng(2).integers(0, 256, (7, 8, 9)).astype(np.uint8)
    shape = tuple(-(-n * up // m) for n, (m, up) in zip(array.shape, ratios, strict=True))
    volume = RegriddedVolume(Memory(array), shape, ratios)
    all_of_it = volume.read(whole(shape))
    for box in blocks(whole(shape), (2, 3, 4)):
        values = volume.read(box)
        assert values.flags.c_contiguous and values.dtype == np.uint8
        np.testing.assert_array_equal(values, all_of_it[box.slices])


def test_coarser_em_is_repeated_and_its_last_voxel_reaches_the_end():
    array = np.arange(2 * 3 * 4, dtype=np.uint16).reshape(2, 3, 4)
    volume = RegriddedVolume(Memory(array), (5, 6, 7), ((1, 2),) * 3)
    expected = array.repeat(2, 0).repeat(2, 1).repeat(2, 2)[:, :, :7]
    expected = np.concatenate([expected, expected[-1:]])
    np.testing.assert_array_equal(volume.read(whole((5, 6, 7))), expected)


def test_averaging_reads_piece_by_piece(monkeypatch):
    monkeypatch.setattr("morphoflow.organelles.volumes.grids.PIECE_BYTES", 2000)
    memory = Memory(noise((24, 24, 24)))
    volume = RegriddedVolume(memory, (12, 12, 12), ((2, 1),) * 3)
    values = volume.read(whole((12, 12, 12)))
    assert max(memory.read_sizes) <= 2000 < memory.array.size
    plain = RegriddedVolume(Memory(memory.array), (12, 12, 12), ((2, 1),) * 3)
    monkeypatch.undo()
    np.testing.assert_array_equal(values, plain.read(whole((12, 12, 12))))


@pytest.mark.parametrize(
    ("lengths", "sizes", "expected"),
    [
        ((50, 50), (8, 8), (1, 1)),
        ((50, 100), (8, 4), (2, 1)),
        ((51, 101), (8, 4), (2, 1)),
        ((50, 101), (8, 4), (2, 1)),
        ((50, 102), (8, 4), None),
        ((101, 51), (4, 8), (1, 2)),
        ((50, 50), (8, 4), None),
        ((50, 100), (8, 8), None),
        ((50, 75), (6, 4), None),
        ((50, 100), (8, None), (2, 1)),
        ((150, 50), (8, None), (1, 3)),
        ((50, 75), (8, None), None),
    ],
)
def test_which_grids_fit(lengths, sizes, expected):
    assert ratio(*lengths, *sizes) == expected


@pytest.mark.parametrize(("em_shape", "em_size"), [((12, 40, 48), (40, 4, 4)), ((6, 10, 12), None)])
def test_em_of_other_grids_is_read_on_that_of_the_labels(em_shape, em_size, tmp_path):
    em = write(tmp_path / "em.zarr", noise(em_shape), em_size, chunks=(4, 10, 12))
    labels = write(tmp_path / "labels.zarr", labelled())
    box = Box((2, 3, 4), (7, 9, 20))
    values = open_source({"em": em, "labels": labels}).read_em(box)
    assert values.shape == box.shape and values.dtype == np.uint8


def test_settings_take_the_place_of_the_voxel_size_in_the_files(pair):
    sizes = {"voxel_size_nm": [50, 4.6, 4.6], "em_voxel_size_nm": [50, 4.6, 4.6]}
    assert open_source({**pair, **sizes}).voxel_size_nm == (50.0, 4.6, 4.6)


def test_absent_chunks_of_em_are_padding_only_where_there_are_no_labels(pair, tmp_path):
    chunk = tmp_path / "em.zarr" / "c" / "2" / "3" / "3"
    chunk.unlink()
    padded = noise()
    padded[8:, 15:, 18:] = 0
    np.testing.assert_array_equal(open_source(pair).read_em(whole(SHAPE)), padded)
    (tmp_path / "em.zarr" / "c" / "0" / "0" / "1").unlink()
    with pytest.raises(InputError, match=r"em\.zarr.*c/0/0/1.*missing.*There are labels, so"):
        open_source(pair).read_em(whole(SHAPE))
    np.testing.assert_array_equal(open_source(pair).read_em(Box((4, 0, 0), SHAPE)), padded[4:])


def test_absent_chunks_of_finer_em_are_found_on_the_grid_of_the_labels(tmp_path):
    em = write(tmp_path / "em.zarr", noise((12, 40, 48)), (40, 4, 4), chunks=(4, 10, 9))
    source = open_source({"em": em, "labels": write(tmp_path / "labels.zarr", labelled())})
    before = source.read_em(whole(SHAPE))
    (tmp_path / "em.zarr" / "c" / "2" / "0" / "0").unlink()
    after = open_source({"em": em, "labels": str(tmp_path / "labels.zarr")})
    np.testing.assert_array_equal(after.read_em(whole(SHAPE))[:8], before[:8])
    assert not after.read_em(Box((8, 0, 0), (12, 5, 4))).any()
    (tmp_path / "em.zarr" / "c" / "1" / "0" / "0").unlink()
    with pytest.raises(InputError, match="There are labels, so"):
        open_source({"em": em, "labels": str(tmp_path / "labels.zarr")}).read_em(whole(SHAPE))


def test_absent_chunks_of_labels_are_background(pair, tmp_path):
    for chunk in (tmp_path / "labels.zarr" / "c" / "0" / "0").iterdir():
        chunk.unlink()
    expected = labelled()
    expected[:4, :5] = 0
    np.testing.assert_array_equal(open_source(pair).read_labels(whole(SHAPE)), expected)


def test_exchanged_labels_and_em_are_noticed(pair, tmp_path):
    exchanged = {"em": pair["labels"], "labels": pair["em"]}
    with pytest.raises(InputError, match="change from voxel to voxel like an image"):
        open_source(exchanged)
    em = write(tmp_path / "float.zarr", noise().astype(np.float32))
    with pytest.raises(InputError, match=r"are float32 and the EM .* is uint32; exchange"):
        open_source({"em": pair["labels"], "labels": em})
    with pytest.raises(InputError, match="name the same volume"):
        open_source({**pair, "em": pair["labels"]})


def test_neither_a_plain_em_nor_speckled_labels_alone_are_taken_for_exchanged(pair, tmp_path):
    flat = write(tmp_path / "flat.zarr", np.full(SHAPE, 9, np.uint8))
    speckled = write(tmp_path / "speckled.zarr", noise())
    assert open_source({**pair, "em": flat}).shape == SHAPE
    assert open_source({**pair, "labels": speckled}).shape == SHAPE


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float32])
def test_signed_and_real_labels_are_read_as_ids(dtype, pair, tmp_path):
    labels = write(tmp_path / "other.zarr", labelled(dtype=dtype))
    source = open_source({**pair, "labels": labels, "classes": labels})
    for read in (source.read_labels(whole(SHAPE)), source.classes.read(whole(SHAPE))):
        assert read.dtype.kind == "u"
        np.testing.assert_array_equal(read, labelled())


def test_em_has_a_level_of_its_own(pair, tmp_path):
    group = zarr.open_group(tmp_path / "em", mode="w")
    group.create_array("0", data=np.repeat(noise(), 2, axis=2))
    group.create_array("1", data=noise())
    group.attrs["ome"] = {"version": "0.5", "multiscales": pyramid_of_two()}
    source = open_source({**pair, "em": str(tmp_path / "em"), "em_level": 1})
    assert source.em.shape == SHAPE
    np.testing.assert_array_equal(source.read_em(whole(SHAPE)), noise())


def pyramid_of_two():
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    scales = ([40.0, 8.0, 4.0], [40.0, 8.0, 8.0])
    steps = [[{"type": "scale", "scale": scale}] for scale in scales]
    datasets = [{"path": str(k), "coordinateTransformations": s} for k, s in enumerate(steps)]
    return [{"axes": axes, "datasets": datasets}]


def test_the_voxel_size_of_labels_is_required(pair, tmp_path):
    labels = write(tmp_path / "other.zarr", labelled(), None)
    with pytest.raises(InputError, match=r"voxel size of the labels .* not stated; set `voxel_s"):
        open_source({**pair, "labels": labels})
    with pytest.raises(InputError, match=r"\[8, 8\] is not three lengths"):
        open_source({**pair, "voxel_size_nm": [8, 8]})


def test_grids_that_do_not_fit_are_refused_with_both(pair, tmp_path):
    em = write(tmp_path / "other.zarr", noise((12, 20, 30)), None)
    with pytest.raises(InputError, match=r"12 x 20 x 24 voxels of 40 x 8 x 8 nm.*12 x 20 x 30"):
        open_source({**pair, "em": em})
    with pytest.raises(InputError, match=r"of 40 x 6 x 6 nm.*of 40 x 8 x 8 nm.*do not fit"):
        open_source({**pair, "voxel_size_nm": [40, 6, 6]})


def test_classes_lie_on_the_grid_of_the_labels(pair, tmp_path):
    with h5py.File(tmp_path / "classes.h5", "w") as file:
        file["good"], file["short"] = labelled(dtype=np.uint8), labelled((12, 20, 23), np.uint8)
    settings = {**pair, "classes": str(tmp_path / "classes.h5")}
    source = open_source({**settings, "classes_key": "good"})
    np.testing.assert_array_equal(source.classes.read(whole(SHAPE)), labelled())
    with pytest.raises(InputError, match=r"12 x 20 x 23 voxels.*12 x 20 x 24"):
        open_source({**settings, "classes_key": "short"})
