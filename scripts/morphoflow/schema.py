"""Values checked against a JSON schema, with its defaults filled in and one sentence on errors.

The Snakefile imports this module, which needs no other of the library. Snakemake's own
``validate`` prints the whole schema around an error, which buries it.
"""

import copy
import difflib
from collections.abc import Iterable, Iterator

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.protocols import Validator
from jsonschema.validators import extend


def complete(value: dict, schema: dict, place: str) -> dict:
    """A copy of ``value`` with the schema's defaults; ValueError names ``place``, key and value."""
    filled = copy.deepcopy(value)
    try:
        error = best_match(Filling(schema).iter_errors(filled))
    except Exception:
        _check_schema(schema, place)
        raise
    if error is not None:
        keys = ".".join(str(key) for key in error.absolute_path)
        raise ValueError(f"{place}{f', {keys}' if keys else ''}: {_sentence(error)}")
    return filled


def _fill(
    validator: Validator, properties: dict[str, dict], instance: object, schema: dict
) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name, part in properties.items():
            if "default" in part:
                instance.setdefault(name, copy.deepcopy(part["default"]))
    yield from Draft202012Validator.VALIDATORS["properties"](
        validator, properties, instance, schema
    )


Filling = extend(Draft202012Validator, {"properties": _fill})


def _check_schema(schema: dict, place: str) -> None:
    """Raise ValueError for what is no schema, such as an unknown type.

    That takes longer than to hold values against it, so it is asked where that has failed.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        keys = ".".join(str(key) for key in error.absolute_path)
        raise ValueError(f"{place}: the schema of its settings, {keys}: {error.message}.") from None


def _sentence(error: ValidationError) -> str:
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = next(key for key in error.instance if key not in known)
        return f"there is no key '{unknown}'; {hint(unknown, known)}"
    if error.validator == "oneOf" and "description" in error.schema:
        return f"{error.instance} does not fit; it takes: {error.schema['description']}"
    return f"{error.message}."


def hint(name: str, known: Iterable[str]) -> str:
    """What a user may have meant by an unknown name, or what there is."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(sorted(known))}."
