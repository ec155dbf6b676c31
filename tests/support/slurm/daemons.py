"""The daemons of a cluster in one folder: begun once, ended by their process ids, no others."""

import contextlib
import os
import subprocess
import time
from pathlib import Path

import psutil

from slurm.settings import NODES


def start(folder: Path) -> None:
    """Start those daemons that do not run."""
    munge = folder / "munge"
    commands = {
        # Warns, instead of refusing, where a folder above the socket is closed to others.
        "munged": f"munged --force --key-file={munge}/key --socket={munge}/socket"
        f" --pid-file={folder}/run/munged.pid --seed-file={munge}/seed"
        f" --log-file={folder}/log/munged.log",
        "slurmctld": f"slurmctld -f {folder}/slurm.conf",
    }
    commands |= {node: f"slurmd -N {node} -f {folder}/slurm.conf" for node in NODES}
    for name, command in commands.items():
        if running(folder, name) is None:
            with (folder / f"log/{name}.start").open("w") as log:
                subprocess.run(command.split(), stdout=log, stderr=log, check=True, timeout=60)


def stop(folder: Path) -> None:
    """Stop the daemons and whatever jobs of theirs are left, munged last."""
    nodes = [running(folder, name) for name in (*NODES, "slurmctld")]
    end([process for process in nodes if process])
    end(steps(folder))
    end([process for process in [running(folder, "munged")] if process])


def kill(folder: Path, node: str) -> None:
    """End a node's daemon and whatever runs under it at once, so that none can say farewell."""
    daemon = running(folder, node)
    for process in [*([daemon] if daemon else []), *steps(folder, node)]:
        with contextlib.suppress(psutil.Error):
            process.kill()


def running(folder: Path, name: str) -> psutil.Process | None:
    """The daemon of this name if it runs and is this folder's."""
    try:
        process = psutil.Process(int((folder / f"run/{name}.pid").read_text()))
        return process if f"{folder}/" in " ".join(process.cmdline()) else None
    except (OSError, ValueError, psutil.Error):
        return None


def steps(folder: Path, node: str = "") -> list[psutil.Process]:
    """The step daemons of one or all of this folder's nodes, with all that runs under them.

    Their parent is init and their title says nothing of the folder; the socket that each listens
    on does.
    """
    found = []
    for daemon in psutil.process_iter(["name"]):
        if daemon.info["name"] != "slurmstepd":
            continue
        with contextlib.suppress(psutil.Error):
            sockets = [str(each.laddr) for each in daemon.net_connections(kind="unix")]
            if any(path.startswith(f"{folder}/spool/{node}") for path in sockets):
                found += [daemon, *daemon.children(recursive=True)]
    return found


def end(processes: list[psutil.Process], seconds: float = 10.0) -> None:
    """Ask processes to end, and kill those that do not."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(map(alive, processes)):
        time.sleep(0.1)
    for process in filter(alive, processes):
        with contextlib.suppress(psutil.Error):
            process.kill()


def alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def tail(folder: Path, lines: int = 3) -> str:
    """The last errors that the daemons wrote."""
    found = []
    for log in sorted((folder / "log").iterdir()):
        text = log.read_text(errors="replace").splitlines()
        errors = [line for line in text if "error" in line.lower() or "fatal" in line.lower()]
        found += [f"{log.name}: {line}" for line in errors[-lines:]]
    return os.linesep.join(found)
