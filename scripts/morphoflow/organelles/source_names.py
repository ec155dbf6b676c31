"""A source's settings as results may tell them: volumes by name, not by place."""

from pathlib import Path

VOLUMES = ("em", "labels", "classes")


def source_names(settings: dict) -> dict:
    """``settings`` of a source with the names of its volumes instead of their paths."""
    named = {key: Path(settings[key]).name for key in VOLUMES if settings.get(key)}
    return {**settings, **named}
