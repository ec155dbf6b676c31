"""Entry scripts take their flags from the signature of main and fail with one sentence."""

from pathlib import Path

import pytest

from morphoflow.command import run
from morphoflow.errors import InputError


def record(into: dict):
    def main(
        *,
        model: Path,
        epochs: int,
        rate: float = 0.5,
        shuffle: bool = False,
        settings: dict | None = None,
        files: list[Path] | None = None,
    ) -> None:
        into.update(locals())

    return main


def test_flags_are_converted_as_annotated():
    seen = {}
    line = ["--model", "m.pt", "--epochs", "3", "--shuffle", "true", "--settings"]
    run(record(seen), [*line, '{"a": [1, "b c"]}', "--files", "x", "y"])
    assert seen["model"] == Path("m.pt") and seen["epochs"] == 3 and seen["rate"] == 0.5
    assert seen["shuffle"] is True and seen["settings"] == {"a": [1, "b c"]}
    assert seen["files"] == [Path("x"), Path("y")]


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--model", "m", "--epochs", "three"], "three"),
        (["--model", "m"], "--epochs"),
        (["--model", "m", "--epochs", "3", "--shuffle", "yes"], "neither true nor false"),
        (["--model", "m", "--epochs", "3", "--epoch", "4"], "--epoch"),
        (["--model", "m", "--epochs", "3", "--settings", "{a: 1}"], "not JSON"),
    ],
)
def test_a_wrong_flag_is_named(flags, named, capsys):
    with pytest.raises(SystemExit) as stop:
        run(record({}), flags)
    assert stop.value.code == 2
    assert named in capsys.readouterr().err


def test_bad_input_is_one_sentence_without_a_traceback(capsys):
    def main() -> None:
        raise InputError("a.swc, line 3: no number; correct it.")

    with pytest.raises(SystemExit) as stop:
        run(main, [])
    assert stop.value.code == 1
    assert capsys.readouterr().err == "error: a.swc, line 3: no number; correct it.\n"
