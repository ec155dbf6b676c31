"""Entry scripts: the flags of a command are the keyword arguments of its ``main``."""

import argparse
import errno
import inspect
import json
import os
import sys
import traceback
import types
import typing
from collections.abc import Callable

from morphoflow.errors import InputError

# A file that may not be read or written.
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


def run(main: Callable[..., None], arguments: list[str] | None = None) -> None:
    """Call ``main`` with the command line's flags; an InputError becomes one sentence, exit code 1.

    So do all other errors, the unexpected ones below their traceback.

    Annotations give the types: ``Path``, ``str``, ``int``, ``float``, ``bool`` (``true`` or
    ``false``), ``dict`` and ``list`` (JSON), ``list[T]`` (several values), ``T | None``.
    """
    values = vars(parser(main).parse_args(arguments))
    try:
        main(**values)
    except InputError as error:
        _stop(str(error))
    except Exception as error:
        _stop(_sentence(error))


def _sentence(error: Exception) -> str:
    """What an error that no part of the code took for a user's comes down to."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full ({error}); make room and call again: nothing is half-written."
    if isinstance(error, OSError) and error.errno in DENIED:
        what = error.filename or "a file"
        reason = os.strerror(error.errno)
        return f"{what}: {reason}; give yourself the right to it, or choose another folder."
    traceback.print_exception(error)
    if isinstance(error, MemoryError):
        reason = str(error) or "no more could be had"
        return f"the memory is full ({reason}); give the job more, or make its input smaller."
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return f"this was not expected ({reason}); please report it with the lines above."


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
