"""Figures of runs: equal bytes, whatever the user's own settings, and colours of labels."""

import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure

from drawn_tables import DRAWN, a_history
from morphoflow.colors import LABEL_COLORS, UNKNOWN, label_colors, sorted_labels
from morphoflow.figures.history import plot_history
from morphoflow.figures.save import save_figure, spelled


@pytest.mark.parametrize("name", DRAWN)
def test_equal_data_give_equal_bytes_without_a_date(name, tmp_path):
    for run in ("first", "second"):
        save_figure(DRAWN[name](), tmp_path / f"{run}.svg", tmp_path / f"{run}.png")
    for kind in ("svg", "png"):
        assert (tmp_path / f"first.{kind}").read_bytes() == (
            tmp_path / f"second.{kind}"
        ).read_bytes()
    svg = (tmp_path / "first.svg").read_text()
    assert "dc:date" not in svg and "Matplotlib v" not in svg
    assert b"Software" not in (tmp_path / "first.png").read_bytes()


def test_a_users_own_matplotlib_settings_have_no_effect(tmp_path):
    import matplotlib

    save_figure(plot_history(a_history(3)), tmp_path / "plain.svg", tmp_path / "plain.png")
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.grid": True}):
        save_figure(plot_history(a_history(3)), tmp_path / "own.svg", tmp_path / "own.png")
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "own.png").read_bytes()


def test_a_set_of_labels_has_its_colours_in_any_order():
    labels = [f"type{i}" for i in range(16)]
    forward, backward = label_colors([*labels, None]), label_colors([None, *labels[::-1], "type3"])
    assert forward == backward
    assert len({*forward.values()}) == 17 and forward[UNKNOWN] not in LABEL_COLORS


def test_labels_are_sorted_with_their_numbers_as_numbers_and_unknown_last():
    found = sorted_labels(["type10", np.nan, "type2", "zebra", "5", None, "type2"])
    assert found == ["5", "type2", "type10", "zebra", UNKNOWN]


def test_letters_that_the_font_lacks_are_spelled_out_wherever_they_stand(tmp_path):
    strange = ["細胞 A", "клетка", "💡", "한국어", "tab\tbed", "two\nlines"]
    figure = Figure()
    axes = figure.subplots()
    axes.bar(strange, range(6), label="圖例")
    axes.set_yticks(range(6), strange)
    axes.set_title("標題")
    axes.legend(title="凡例")
    figure.suptitle("總標題")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_figure(figure, tmp_path / "a.svg", tmp_path / "a.png")
    shown = [label.get_text() for label in axes.get_xticklabels()]
    assert shown[:3] == ["U+7D30U+80DE A", "клетка", "U+1F4A1"]
    assert axes.get_title() == "U+6A19U+984C" and spelled("Ünïcode_α$") == "Ünïcode_α$"
