"""Laws of prealignment, of registration to a mean, of their rules and of the stability figure."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import prealign_crops
import register_crops
from morphoflow.cells.registration.blocks import CropBlock, CropBlocks, foreground, read_blocks
from morphoflow.cells.registration.prealign import (
    FLIPS,
    fit_template,
    flip_choice,
    flip_motion,
    major_axis,
    noise_generators,
    prealign,
    stability,
    upright,
)
from morphoflow.cells.registration.template import fit_reference
from morphoflow.errors import InputError
from morphoflow.figures.stability import binned, plot_stability
from morphoflow.images.rotate import transform
from morphoflow.store import read_samples
from morphoflow.store_stream import stream_samples
from morphoflow.tables import read_table, write_objects
from synthetic_shapes import angle_error, random_motions

CPU = torch.device("cpu")
PREALIGNMENT = {
    "foreground": "mask",
    "threshold": 0.2,
    "copies": 3,
}
REGISTRATION = {
    "reference": "mean",
    "flips": True,
    "shifts": False,
    "foreground": "intensity",
    "threshold": 0.2,
}


def pear(size: int, angle, flip=False) -> torch.Tensor:
    """Smooth shapes (n, 1, size, size), upright at angle 0, thick end up, a bulge to the left."""
    angle = np.atleast_1d(angle)
    turn = np.deg2rad(angle)[:, None, None]
    half = (size - 1) / 2
    row, column = np.mgrid[:size, :size]
    x, y = (column - half) / half, (half - row) / half
    x, y = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    x = np.where(np.broadcast_to(flip, len(angle))[:, None, None], -x, x)

    def blob(x0, y0, sx, sy):
        return np.exp(-(((x - x0) / sx) ** 2) - ((y - y0) / sy) ** 2)

    shape = (
        blob(0, -0.05, 0.22, 0.6)
        + 0.8 * blob(0.02, 0.3, 0.25, 0.22)
        + 0.6 * blob(-0.2, 0, 0.15, 0.2)
    )
    return torch.from_numpy(shape.astype(np.float32))[:, None].clamp(0, 1)


def bar(size: int, angle: float) -> torch.Tensor:
    """A filled ellipse (1, size, size) with axes 3 : 1 in the direction of ``angle``."""
    row, column = np.mgrid[:size, :size] - (size - 1) / 2
    turn = np.deg2rad(angle)
    along = np.cos(turn) * column - np.sin(turn) * row
    across = np.sin(turn) * column + np.cos(turn) * row
    inside = (along / (0.42 * size)) ** 2 + (across / (0.14 * size)) ** 2
    return torch.from_numpy((1 / (1 + np.exp(20 * (inside - 1)))).astype(np.float32))[None]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    """A store of 24 pears under random motions, with masks, and its object table."""
    folder = tmp_path_factory.mktemp("pears")
    angle, flip, _ = random_motions(24)
    x = pear(32, angle, flip)
    ids = np.array([f"pear{i:02d}" for i in range(24)])
    axes = ["object", "channel", "y", "x"]
    with stream_samples(
        folder / "crops.zarr", axes=axes, units="intensity", provenance={}
    ) as stream:
        stream.facts |= {"channels": ["actin"], "pixel_size_um": 0.5}
        mask = (255 * (x[:, 0] > 0.3)).byte().numpy()
        stream.append(ids.tolist(), x.numpy(), mask)
    split = np.where(np.arange(24) % 3 > 0, "train", "test")
    table = pd.DataFrame({"id": ids, "source": "made", "label": "pear", "group": ids})
    write_objects(folder / "objects.parquet", table.assign(split=split), {})
    return folder


def blocks_of(folder: Path, kind: str = "intensity") -> tuple[CropBlocks, CropBlocks]:
    return read_blocks(folder / "crops.zarr", folder / "objects.parquet", kind, CPU)


def as_stores(tmp_path: Path, folder: Path, script, settings: dict, **flags) -> tuple[Path, Path]:
    """Run an entry script's main; the store and table that it wrote."""
    output, table = tmp_path / "out.zarr", tmp_path / "out.parquet"
    # Provenance names the command that runs.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["__main__"], "__file__", script.__file__)
        script.main(
            samples=folder / "crops.zarr",
            objects=folder / "objects.parquet",
            settings=settings,
            output=output,
            table=table,
            gpus=0,
            threads=1,
            **flags,
        )
    return output, table


class TestAxis:
    @pytest.mark.parametrize("size", [33, 64])
    @pytest.mark.parametrize("angle", [0.0, 10.0, 45.0, 89.0, 90.0, 135.0, 179.0])
    def test_the_axis_of_an_ellipse_is_its_own(self, size, angle):
        direction, elongation = major_axis(bar(size, angle))
        assert abs((float(direction) - angle + 90) % 180 - 90) < 0.2
        assert 0 < float(direction) <= 180
        assert 2.8 < float(elongation) < 3.1

    def test_the_place_of_a_shape_does_not_matter(self):
        shape = torch.zeros(1, 64, 64)
        shape[0, 5:37, 3:35] = bar(32, 30)[0]
        assert torch.allclose(major_axis(shape)[0], major_axis(bar(32, 30))[0], atol=1e-3)

    @pytest.mark.parametrize("shape", [torch.zeros(1, 16, 16), torch.ones(1, 16, 16)])
    def test_what_has_no_axis_is_not_turned(self, shape):
        assert float(upright(shape).angle) == 0
        assert float(major_axis(shape)[1]) == 1

    def test_a_line_of_pixels_has_a_finite_elongation(self):
        line = torch.zeros(1, 16, 16)
        line[0, 4, 3:13] = 1
        direction, elongation = major_axis(line)
        assert float(direction) == 180 and abs(float(elongation) - 10) < 1e-4


class TestFlips:
    def test_the_flip_of_the_template_is_found_with_its_motion(self):
        template = pear(32, 0.0)[0]
        crops = torch.stack([template.flip(axes) for axes in FLIPS])
        choice, correlation = flip_choice(crops, template)
        assert choice.tolist() == [0, 1, 2, 3]
        assert torch.allclose(correlation, torch.ones(4), atol=1e-5)
        motion = flip_motion(choice)
        assert torch.equal(
            transform(crops, motion.angle, motion.flip), template.expand(4, -1, -1, -1)
        )

    def test_it_has_the_least_squared_difference(self):
        crops = torch.rand((20, 2, 9, 9), generator=torch.Generator().manual_seed(0))
        template = crops[0] * 0.5 + 0.2
        each = torch.stack(
            [(crops.flip(axes) - template).square().sum((1, 2, 3)) for axes in FLIPS]
        )
        assert torch.equal(flip_choice(crops, template)[0], each.argmin(0))

    def test_a_constant_crop_is_not_flipped(self):
        choice, correlation = flip_choice(torch.full((1, 1, 9, 9), 0.3), torch.rand(1, 9, 9))
        assert int(choice) == 0 and float(correlation) == 0


class TestPrealignment:
    def test_all_poses_of_a_shape_are_brought_into_one(self, dataset):
        everything, training = blocks_of(dataset)
        template = fit_template(training, "intensity", 0.2, 20)
        (block,) = everything
        motion, correlation = prealign(block.x, foreground(block, "intensity", 0.2), template)
        aligned = transform(block.x, motion.angle, motion.flip)
        assert correlation.min() > 0.99
        assert (aligned - aligned.mean(0)).abs().max() < 0.1

    def test_the_template_is_that_of_the_training_split(self, dataset):
        everything, training = blocks_of(dataset)
        assert training.chosen.sum() == 16
        template = fit_template(training, "intensity", 0.2, 20)
        changed = everything.store.x[:].copy()
        changed[~training.chosen] = 0.5
        rows = CropBlock(
            np.flatnonzero(training.chosen), torch.from_numpy(changed[training.chosen]), None
        )
        assert torch.equal(next(iter(training)).x, rows.x)
        assert not torch.allclose(template, fit_template(everything, "intensity", 0.2, 20))

    def test_small_blocks_give_the_same_template(self, dataset, monkeypatch):
        _, training = blocks_of(dataset)
        whole = fit_template(training, "intensity", 0.2, 20)
        monkeypatch.setattr("morphoflow.cells.registration.blocks.BLOCK_BYTES", 5 * 4 * 32 * 32)
        assert len(list(training)) == 5
        assert torch.allclose(fit_template(training, "intensity", 0.2, 20), whole, atol=1e-6)


class TestStability:
    def block(self) -> CropBlock:
        x = torch.cat([pear(32, [20.0, 200.0]), torch.full((1, 1, 32, 32), 0.5)])
        return CropBlock(np.arange(3), x, (x[:, 0] > 0.3).float())

    def test_without_noise_nothing_changes(self):
        shares = stability(
            self.block(), pear(32, 0.0)[0], "mask", 0.2, noise=0, generators=noise_generators(4)
        )
        assert (shares.to_numpy() == 0).all()

    def test_a_clear_shape_is_stable_and_a_flat_crop_is_not(self):
        shares = stability(
            self.block(),
            pear(32, 0.0)[0],
            "mask",
            0.2,
            noise=0.05,
            generators=noise_generators(40),
        )
        assert (shares["changed"][:2] == 0).all()
        assert 0.5 < shares["changed"][2] <= 1
        assert (shares["changed"] >= shares[["axis_changed", "flip_changed"]].max(axis=1)).all()
        assert (shares["changed"] <= shares["axis_changed"] + shares["flip_changed"]).all()


class TestRules:
    @pytest.fixture(autouse=True)
    def entry(self, monkeypatch):
        """Results name the running command, of which a worker of the tests has none."""
        main = sys.modules["__main__"]
        monkeypatch.setattr(main, "__file__", prealign_crops.__file__, raising=False)

    def test_prealigned_crops_keep_order_facts_and_masks(self, dataset, tmp_path):
        output, table = as_stores(tmp_path, dataset, prealign_crops, PREALIGNMENT)
        before, after = read_samples(dataset / "crops.zarr"), read_samples(output)
        rows = read_table(table)
        assert (after.ids == before.ids).all() and (rows["id"] == before.ids).all()
        assert after.attributes["channels"] == ["actin"]
        assert after.attributes["pixel_size_um"] == 0.5
        inside = after.mask > 127
        assert inside.any(axis=(1, 2)).all()
        assert after.x[:][:, 0][inside].min() > 0.2
        spread = after.x[:] - after.x[:].mean(axis=0)
        assert np.abs(spread).max() < 0.15
        assert rows["elongation"].between(1.2, 4).all()
        assert {"angle_deg", "flip", "changed", "axis_changed", "flip_changed"} <= set(rows)

    @pytest.mark.parametrize("shifts", [False, True])
    def test_crops_are_registered_to_their_mean(self, dataset, tmp_path, shifts):
        settings = {**REGISTRATION, "shifts": shifts}
        output, table = as_stores(tmp_path, dataset, register_crops, settings)
        x, rows = read_samples(output).x[:], read_table(table)
        assert rows["correlation"].min() > 0.99
        assert np.abs(x - x.mean(axis=0)).max() < 0.15
        assert list(rows) == [
            "id",
            "angle_deg",
            "flip",
            "shift_x_px",
            "shift_y_px",
            "correlation",
        ]
        assert (rows[["shift_x_px", "shift_y_px"]].abs() < 1).all(axis=None)

    def test_crops_are_registered_to_one_of_them(self, dataset, tmp_path):
        settings = {**REGISTRATION, "reference": "pear05"}
        _, table = as_stores(tmp_path, dataset, register_crops, settings)
        rows = read_table(table).set_index("id")
        assert abs(rows.loc["pear05", "angle_deg"]) < 1e-3 and not rows.loc["pear05", "flip"]
        angle, flip, _ = random_motions(24)
        side = np.where(flip, -1, 1)
        relative = np.where(flip == flip[5], angle[5] - side * side[5] * angle, angle[5] + angle)
        assert (rows["flip"].to_numpy() == (flip != flip[5])).all()
        assert angle_error(torch.from_numpy(rows["angle_deg"].to_numpy()), relative).max() < 1

    def test_equal_runs_give_equal_bytes(self, dataset, tmp_path):
        one = as_stores(tmp_path / "a", dataset, prealign_crops, PREALIGNMENT)
        two = as_stores(tmp_path / "b", dataset, prealign_crops, PREALIGNMENT)
        assert one[1].read_bytes() == two[1].read_bytes()
        files = [sorted(p for p in store.rglob("*") if p.is_file()) for store in (one[0], two[0])]
        assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))

    def test_the_mean_stops_where_it_settles(self, dataset, monkeypatch):
        _, training = blocks_of(dataset)
        start = fit_template(training, "intensity", 0.2, 20)
        few = fit_reference(training, start, iterations=6, flips=True, shifts=False)
        many = fit_reference(training, start, iterations=60, flips=True, shifts=False)
        assert torch.equal(few, many)

    def test_bad_input_is_refused_with_the_way_out(self, dataset, tmp_path):
        with pytest.raises(InputError, match="'mean' or to an id"):
            as_stores(tmp_path, dataset, register_crops, {**REGISTRATION, "reference": "apple"})
        axes = ["object", "channel", "y", "x"]
        with stream_samples(tmp_path / "crops.zarr", axes=axes, units="", provenance={}) as stream:
            stream.append(["a"], np.zeros((1, 1, 8, 9), dtype=np.float32))
        with pytest.raises(InputError, match="square crops"):
            as_stores(tmp_path, tmp_path, register_crops, REGISTRATION)
        with stream_samples(tmp_path / "crops.zarr", axes=axes, units="", provenance={}) as stream:
            stream.append(["a"], np.zeros((1, 1, 8, 8), dtype=np.float32))
        with pytest.raises(InputError, match="has no masks"):
            as_stores(tmp_path, tmp_path, prealign_crops, PREALIGNMENT)


class TestFigure:
    def table(self, n: int) -> pd.DataFrame:
        rng = np.random.default_rng(0)
        shares = {k: rng.random(n) for k in ("changed", "axis_changed", "flip_changed")}
        return pd.DataFrame({"elongation": 1 + rng.random(n), **shares})

    def test_bins_keep_the_mean(self):
        table = self.table(80)
        elongation, share = binned(table["elongation"].to_numpy(), table["changed"].to_numpy())
        assert len(share) == 8 and (np.diff(elongation) > 0).all()
        assert np.isclose(share.mean(), table["changed"].mean())

    @pytest.mark.parametrize("n", [1, 5, 200])
    def test_any_number_of_objects_is_drawn(self, n):
        left, right = plot_stability(self.table(n)).axes
        assert f"of {n} object" in left.get_title(loc="left")
        assert right.get_ylabel() == left.get_xlabel()
