"""Entry scripts: the flags of a command are the keyword arguments of its ``main``."""

import argparse
import errno
import inspect
import json
import sys
import types
import typing
from collections.abc import Callable

from morphoflow.errors import InputError


def run(main: Callable[..., None], arguments: list[str] | None = None) -> None:
    """Call ``main`` with the command line's flags; an InputError becomes one sentence, exit code 1.

    So does a full disk.

    Annotations give the types: ``Path``, ``str``, ``int``, ``float``, ``bool`` (``true`` or
    ``false``), ``dict`` and ``list`` (JSON), ``list[T]`` (several values), ``T | None``.
    """
    values = vars(parser(main).parse_args(arguments))
    try:
        main(**values)
    except InputError as error:
        _stop(str(error))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _stop(f"the disk is full ({error}); make room and call again: nothing is half-written.")


def _stop(reason: str) -> None:
    print(f"error: {reason}", file=sys.stderr)
    sys.exit(1)


def parser(main: Callable[..., None]) -> argparse.ArgumentParser:
    """The argument parser that stands for the signature of ``main``."""
    made = argparse.ArgumentParser(description=inspect.getdoc(main), allow_abbrev=False)
    hints = typing.get_type_hints(main)
    for name, parameter in inspect.signature(main).parameters.items():
        required = parameter.default is inspect.Parameter.empty
        made.add_argument(
            "--" + name.replace("_", "-"),
            required=required,
            default=None if required else parameter.default,
            **_conversion(hints[name]),
        )
    return made


def _conversion(hint: type) -> dict:
    if isinstance(hint, types.UnionType):
        (hint,) = (part for part in typing.get_args(hint) if part is not type(None))
    if typing.get_origin(hint) is list:
        return {"nargs": "*", **_conversion(typing.get_args(hint)[0])}
    return {"type": {bool: _boolean, dict: _json, list: _json}.get(hint, hint)}


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")
    return text == "true"


def _json(text: str) -> dict | list:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not JSON: {error}") from error
