"""The configuration's reference in Markdown, made from the schemas and the models' descriptions."""

import json
from pathlib import Path

import yaml

from morphoflow.plan import read_models

HEAD = """# Configuration

`config.yaml` says which data there are and how they are prepared; `runs.tsv` says what to compute
with them, one row for each dataset, model, variant and seed; `models/*.yaml` hold the settings of
each model and its named variants. To change a few keys only, write them into a file of your own and
add `--configfile my.yaml`: it is merged over `config.yaml`.

Everything is checked before the first job starts, and a wrong key or value is named.
The tables below are made from the schemas (`make reference`), which are the only place of defaults.
"""


def reference(config: Path) -> str:
    """The text of ``config/README.md`` for the folder ``config``."""
    parts = [HEAD]
    for title, name in (("config.yaml", "config"), ("runs.tsv", "runs")):
        schema = _load(config / "schemas" / f"{name}.schema.yaml")
        parts += [f"## {title}\n", _table(_rows(schema))]
    parts += [_model(*described) for described in read_models(config / "models").items()]
    return "\n".join(parts)


def _model(name: str, model: dict) -> str:
    variants = [f"* `{key}`: {_variant(value)}" for key, value in model["variants"].items()]
    lines = [f"## Model `{name}`\n", model["description"], ""]
    lines += [f"For {model['modality']}; reads the samples `{model['form']}`. Variants:\n"]
    return "\n".join([*lines, *variants, "", _table(_rows({"properties": model["settings"]}))])


def _variant(changes: dict | None) -> str:
    if not changes:
        return "the defaults below"
    return ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in changes.items())


def _rows(schema: dict, prefix: str = "") -> list[tuple[str, str, str]]:
    rows = []
    for name, part in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        rows.append((key, _default(part), part.get("description", "")))
        rows += _rows(part, f"{key}.")
        for mark, inner in (("[]", part.get("items")), (".NAME", part.get("additionalProperties"))):
            if isinstance(inner, dict):
                rows += _rows(inner, f"{key}{mark}.")
    return rows


def _default(part: dict) -> str:
    if "default" not in part or part["default"] == {}:
        return ""
    return f"`{json.dumps(part['default'])}`"


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = ["| key | default | meaning |", "|---|---|---|"]
    lines += [f"| `{key}` | {default} | {meaning} |" for key, default, meaning in rows]
    return "\n".join(lines) + "\n"


def _load(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    Path("config/README.md").write_text(reference(Path("config")), encoding="utf-8")
