"""The facts of a site from site.yaml, checked for profile.yaml before any job.

What is wrong ends Snakemake with one sentence.
"""

import shutil
import subprocess
from pathlib import Path

import yaml

KNOWN = {
    "account": str,
    "gpu_model": str,
    "gpus_at_once": int,
    "status_command": str,
    "partitions": dict,
}

KINDS = {str: "a text", int: "a whole number", dict: "names with limits"}


def read_site(profile: Path, lab: Path) -> dict:
    """The facts in ``lab``/site.yaml, or else beside the profile; under ``file``, where they lie.

    Exits with a sentence where a fact is missing or is not what SLURM says, if SLURM is here.
    """
    own = lab / "site.yaml"
    file = (own if own.is_file() else profile / "site.yaml").resolve()
    if not file.is_file():
        refuse(f"{own}", f"is missing, and so is {file}; copy profiles/slurm/site.yaml there")
    site = yaml.safe_load(file.read_text(encoding="utf-8"))
    check_keys(site, file)
    found = partitions()
    if found:
        check_partitions(site, file, found)
    return site | {"file": str(file)}


def check_keys(site: object, file: Path) -> None:
    """Exit unless every fact is there and of its kind."""
    site = site if isinstance(site, dict) else {}
    for name, kind in KNOWN.items():
        # An empty text may be left out behind its colon.
        value = site.get(name)
        if name not in site or not isinstance("" if value is None and kind is str else value, kind):
            said = f"'{value}'" if name in site else "missing"
            refuse(file, f"`{name}` is {said}, but must be {KINDS[kind]}; see its comments")
    unknown = sorted(site.keys() - KNOWN.keys())
    if unknown:
        refuse(file, f"there is no fact `{unknown[0]}`; known are {', '.join(KNOWN)}")
    granting = [name for name, limits in site["partitions"].items() if limits.get("max_gpu")]
    if site["gpus_at_once"] > 0 and not granting:
        refuse(
            file,
            f"gpus_at_once is {site['gpus_at_once']}, but no partition has a `max_gpu`; "
            "give one its number of GPUs, or write `gpus_at_once: 0` to do without",
        )


def check_partitions(site: dict, file: Path, found: dict[str, bool]) -> None:
    """Exit unless SLURM knows the partitions, ``found``, and has GPUs where they are asked for."""
    for name, limits in site["partitions"].items():
        if name not in found:
            known = ", ".join(sorted(found))
            refuse(file, f"SLURM does not know the partition '{name}'; it knows {known}")
        if limits.get("max_gpu") and site["gpus_at_once"] > 0 and not found[name]:
            refuse(
                file,
                f"the partition '{name}' has `max_gpu`, but no node of it has a GPU; name another, "
                "or write `gpus_at_once: 0` to do without",
            )


def partitions() -> dict[str, bool]:
    """Whether each partition of this cluster has GPUs; nothing where SLURM is not, or is silent."""
    if not shutil.which("sinfo"):
        return {}
    line = ["sinfo", "--noheader", "--format=%R|%G"]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=30, check=True)
    except (subprocess.SubprocessError, OSError):
        return {}
    found: dict[str, bool] = {}
    for row in done.stdout.splitlines():
        name, _, devices = row.partition("|")
        found[name] = found.get(name, False) or "gpu" in devices
    return found


def refuse(place: object, what: str) -> None:
    """End Snakemake with a sentence."""
    raise SystemExit(f"error: {place}: {what}.")
