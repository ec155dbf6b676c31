"""Fits of the simulator: a known simulator is recovered, and parts have their known answers."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import draw_simulator_fit
import fit_simulator
from morphoflow.dendrites.arbors.arbors import arbor_statistics
from morphoflow.dendrites.fitting import simulations
from morphoflow.dendrites.fitting.fit import (
    Fit,
    checks_table,
    differences_table,
    enough,
    intervals_table,
)
from morphoflow.dendrites.fitting.posterior import learned, posterior, proposed
from morphoflow.dendrites.fitting.predicted import write_predicted
from morphoflow.dendrites.fitting.priors import BOUNDS, growth_at, values
from morphoflow.dendrites.fitting.simulations import (
    USED,
    Frame,
    framed,
    made,
    simulated,
    statistics_used,
)
from morphoflow.dendrites.simulator.simulate import Growth, grow_arbor
from morphoflow.errors import CannotAnalyse, InputError
from morphoflow.store import Samples, write_samples
from morphoflow.tables import REASON, read_table, write_objects
from morphoflow.verify import verify

MIXING = np.random.default_rng(0).normal(size=(2, 8))
NOISE = 0.5


def toy(unit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Statistics (n, 8) that bend with two parameters, with noise."""
    bent = np.tanh(2 * unit - 1) @ MIXING + 0.3 * np.square(unit) @ MIXING[:, ::-1]
    return bent + rng.normal(0, NOISE, (len(unit), 8))


def test_intervals_hold_the_parameters_as_often_as_they_say():
    """Ninety per cent intervals, of 20 populations of 12 images and two parameters each."""
    rng = np.random.default_rng(1)
    unit = rng.random((300, 2))
    emulator = learned(unit, toy(unit, rng))
    held = []
    for _ in range(20):
        true = rng.random(2)
        draws = posterior(emulator, toy(np.tile(true, (12, 1)), rng), rng)
        low, high = np.percentile(draws, [5, 95], axis=0)
        held.append((low < true) & (true < high))
    assert 0.8 <= np.mean(held) <= 0.99


def test_more_images_say_more_in_the_second_round_too():
    rng = np.random.default_rng(2)
    unit, true = rng.random((300, 2)), np.array([0.3, 0.7])
    emulator = learned(unit, toy(unit, rng))
    many = toy(np.tile(true, (100, 1)), rng)
    few, first = posterior(emulator, many[:5], rng), posterior(emulator, many, rng)
    near = proposed(first, 1000, rng)
    second = posterior(learned(near, toy(near, rng), emulator), many, rng)
    assert (first.std(axis=0) < 0.7 * few.std(axis=0)).all()
    assert (near >= 0).all() and (near <= 1).all()
    assert np.abs(second.mean(axis=0) - true).max() < 0.1
    assert (np.abs(second.mean(axis=0) - true) < 3 * second.std(axis=0)).all()
    assert (second.std(axis=0) < 0.7 * few.std(axis=0)).all()


def test_without_information_the_posterior_is_the_prior():
    rng = np.random.default_rng(3)
    unit = rng.random((400, 2))
    draws = posterior(learned(unit, rng.normal(size=(400, 5))), rng.normal(size=(6, 5)), rng)
    assert draws.mean(axis=0) == pytest.approx(0.5, abs=0.12)
    assert draws.std(axis=0) == pytest.approx(12**-0.5, rel=0.2)


def test_bounds_are_the_ends_of_the_prior():
    names = list(BOUNDS)
    low, high = values(names, np.array([[0.0] * len(names), [1.0] * len(names)]))
    assert low == pytest.approx([bound.low for bound in BOUNDS.values()])
    assert high == pytest.approx([bound.high for bound in BOUNDS.values()])
    assert growth_at(Growth(), ["minutes"], np.array([77.0])) == Growth(minutes=77.0)
    for name, bound in BOUNDS.items():
        assert bound.low < getattr(Growth(), name) < bound.high


def test_frames_are_those_of_the_images():
    x = np.zeros((2, 1, 128, 128), dtype=np.uint8)
    levels = {64: x[..., ::2, ::2]}
    images = Samples(x, np.array(["a", "b"]), attributes={"pixel_um": 0.5}, levels=levels)
    objects = pd.DataFrame({"crop": ["soma", "soma"]})
    level, frame = framed(images, objects, 64)
    assert level.shape[-1] == 64 and frame == Frame(64, 1.0, centred=True)
    assert framed(images, objects.assign(crop="whole"), 256)[1] == Frame(128, 0.5, centred=False)
    unknown = Samples(x, images.ids, attributes={"pixel_um": None})
    with pytest.raises(InputError, match="no common pixel size"):
        framed(unknown, objects, 64)


def test_a_centred_frame_has_the_soma_in_its_middle():
    rng = np.random.default_rng(0)
    _, image = made(Growth(minutes=60), Frame(64, 1.292, centred=True), rng)
    assert image[30:34, 30:34].mean() > 200


def test_populations_of_few_images_are_left_out_with_the_reason():
    observed = {name: np.zeros((n, len(USED))) for name, n in (("wild", 4), ("mutant", 3))}
    kept, few = enough(observed)
    assert list(kept) == ["wild"] and "'mutant' has 3 images" in few["mutant"]
    for none in ({"mutant": observed["mutant"]}, {}):
        with pytest.raises(CannotAnalyse, match=r"'mutant' has 3 images|no images"):
            enough(none)


@pytest.mark.usefixtures("from_a_script")
def test_a_dataset_that_cannot_be_fitted_leaves_tables_and_a_figure_that_say_why(tmp_path):
    ids = ["a", "b"]
    axes = {"axes": ["image", "channel", "y", "x"], "units": "grey level", "provenance": {}}
    x = np.zeros((2, 1, 16, 16), np.uint8)
    samples, objects = tmp_path / "images.zarr", tmp_path / "objects.parquet"
    write_samples(samples, ids, x, **axes, facts={"pixel_um": 1.0})
    rows = {"id": ids, "source": "s", "label": None, "group": ids, "split": "train"}
    write_objects(objects, pd.DataFrame({**rows, "crop": "whole"}), {})
    settings = {"parameters": ["minutes"], "size": 16, "seed": 0, "simulations": 2, "rounds": 1}
    out, predicted = tmp_path / "out", tmp_path / "out" / "predicted"
    given = {"samples": samples, "objects": objects, "predicted": predicted}
    fit_simulator.main(**given, settings=settings, output=out)
    for name in ("draws", "intervals", "differences", "checks"):
        table = read_table(out / f"{name}.parquet")
        assert table.empty and "'all' has 2 images" in table.attrs[REASON]
    svg = tmp_path / "fit.svg"
    draw_simulator_fit.main(**given, draws=out / "draws.parquet", svg=svg, png=tmp_path / "fit.png")
    assert svg.is_file() and not verify(tmp_path).damaged


def test_simulations_of_equal_streams_are_equal():
    unit, frame = np.array([[0.2], [0.4]]), Frame(32, 2.5, centred=False)
    first, second = (simulated(["minutes"], unit, frame, [1, 2])[1] for _ in range(2))
    assert first.shape == (2, len(USED)) and np.array_equal(first, second)
    assert not np.array_equal(first, simulated(["minutes"], unit, frame, [1, 3])[1])


def test_tables_name_intervals_factors_and_misfits():
    rng = np.random.default_rng(4)
    names = ["branching_rate", "contact_um"]
    statistics = rng.normal(1, 0.1, (8, len(USED)))
    one, other = (
        Fit(label, unit, statistics, unit[:4], statistics + shift, [0])
        for label, unit, shift in (
            ("a", rng.uniform(0.2, 0.3, (2000, 2)), 0.0),
            ("b", rng.uniform(0.7, 0.8, (2000, 2)), 1.0),
        )
    )
    intervals = intervals_table([one, other], names).set_index(["label", "parameter"])
    assert (intervals["low"] < intervals["median"]).all()
    assert (intervals["median"] < intervals["high"]).all()
    assert intervals["of_prior"].to_numpy() == pytest.approx(0.1, rel=0.1)
    assert intervals.loc[("b", "contact_um"), "median"] == pytest.approx(0.6125, abs=0.01)
    (rate, _) = differences_table([one, other], names).itertuples()
    assert rate.factor == pytest.approx((0.03 / 0.004) ** 0.5, rel=0.03)
    assert rate.probability == 1 and rate.low > 1
    away = checks_table([one, other]).groupby("label")["away"].mean()
    assert abs(away["a"]) < 0.2 and away["b"] < -5
    assert len(differences_table([one], names)) == 0


def test_arbors_that_outgrow_the_memory_are_left_out_unless_all_do(monkeypatch):
    def grown(growth, field_um, rng):
        if growth.minutes > 200:
            raise InputError("the arbor outgrows the memory")
        return grow_arbor(growth, field_um, rng)

    monkeypatch.setattr(simulations, "grow_arbor", grown)
    frame, unit = Frame(32, 2.5, centred=False), np.array([[0.9], [0.1], [0.2]])
    made, statistics = simulated(["minutes"], unit, frame, [1])
    assert made.tolist() == [1, 2] and len(statistics) == 2
    with pytest.raises(InputError, match="outgrows"):
        simulated(["minutes"], unit[:1], frame, [1])


def test_predicted_images_and_trees_are_those_of_their_statistics(tmp_path):
    """Labels may differ in case alone, and look like a missing value."""
    frame, unit = Frame(32, 2.5, centred=False), np.array([[0.1], [0.2]])
    found = []
    for k, label in enumerate(["WT", "wt", "NA"]):
        _, statistics = simulated(["minutes"], unit, frame, [k])
        found.append(Fit(label, unit, statistics, unit, statistics, [[k, 0], [k, 1]]))
    write_predicted(tmp_path / "made", found, ["minutes"], frame, {})
    rows = pd.read_csv(tmp_path / "made/parameters.csv", keep_default_na=False)
    assert rows["label"].tolist() == ["WT"] * 2 + ["wt"] * 2 + ["NA"] * 2
    assert rows["minutes"].tolist() == pytest.approx([*values(["minutes"], unit)[:, 0]] * 3)
    assert rows["file"].str.casefold().is_unique
    for row, expected in zip(
        rows.itertuples(), np.concatenate([fit.predicted for fit in found]), strict=True
    ):
        image = np.asarray(Image.open(tmp_path / f"made/images/{row.file}.png"))
        found_again = statistics_used(arbor_statistics(image[None, None], frame.pixel_um))[0]
        np.testing.assert_allclose(found_again, expected)
        assert (tmp_path / f"made/trees/{row.file}.swc").stat().st_size > 100
