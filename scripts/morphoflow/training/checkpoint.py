"""Checkpoints that are whole or not there, and are found again only by the run that made them."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

CURRENT, PREVIOUS, PARTIAL = "checkpoint.pt", "previous.pt", "partial.pt"
_DIGEST_BYTES = hashlib.sha256().digest_size


def checkpoint_folder(root: Path, **facts: object) -> Path:
    """The folder under ``root`` for the run that ``facts`` describe.

    Facts are JSON values: checksums of the inputs, settings, seed, digest of the code. The order of
    keys does not matter; any other difference gives another folder, so that a checkpoint is never
    resumed by a run that it does not belong to.
    """
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return Path(root) / hashlib.sha256(text.encode()).hexdigest()[:32]


def save_checkpoint(folder: Path, content: dict) -> None:
    """Write ``content`` (builtins and tensors); the one before stays as the previous one.

    Whenever the process or the machine stops, one of the two is there, whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(content, buffer)
    try:
        with (folder / PARTIAL).open("wb") as stream:
            # torch.load does not notice a changed byte within a tensor.
            stream.write(hashlib.sha256(buffer.getbuffer()).digest())
            stream.write(buffer.getbuffer())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        # On a full disk it would take the room in which the job's log says so.
        (folder / PARTIAL).unlink()
        raise
    if (folder / CURRENT).exists():
        os.replace(folder / CURRENT, folder / PREVIOUS)
    os.replace(folder / PARTIAL, folder / CURRENT)
    _sync_folder(folder)


def load_checkpoint(folder: Path, identity: dict, report: Callable[[str], None]) -> dict | None:
    """The newest checkpoint in ``folder`` that is whole and of this run, or None.

    ``identity`` must equal the checkpoint's "identity". One that is damaged or differs is reported
    in a line and passed over.
    """
    for path in (folder / CURRENT, folder / PREVIOUS):
        if path.exists():
            content, fault = _read(path, identity)
            if not fault:
                return content
            report(f"{path} is ignored: {fault}")
    return None


def remove_checkpoint(folder: Path) -> None:
    """Remove the checkpoints of a run whose results are safe."""
    shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path, identity: dict) -> tuple[dict, str]:
    data = path.read_bytes()
    digest, payload = data[:_DIGEST_BYTES], memoryview(data)[_DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        return {}, "it is truncated or damaged"
    content = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    return content, _difference(content.get("identity", {}), identity)


def _difference(made: dict, now: dict) -> str:
    for key in sorted(made.keys() | now.keys()):
        if made.get(key) != now.get(key):
            return f"it was made with {key} {made.get(key)}, this run has {now.get(key)}"
    return ""


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
