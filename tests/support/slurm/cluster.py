"""A real SLURM on one machine for tests: munge, a controller and two nodes, all in one folder.

Needs Debian's packages and no systemd, no control groups, no GPU and nothing in /etc.
``python tests/support/slurm/cluster.py up FOLDER`` starts one by hand, ``down FOLDER`` removes it.
"""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from slurm import daemons
from slurm.settings import NODES, write_settings

PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")
COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
CLIENTS = ("sbatch", "srun", "scancel", "squeue", "sinfo", "scontrol", "sacct", "sshare")
BOTH = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}


class Unavailable(Exception):
    """SLURM cannot be started here; the message says why."""


class Cluster:
    """A cluster in ``folder``, an absolute path of at most 60 characters (for its sockets)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def up(self, install: bool = False) -> None:
        """Bring up what is not up yet; raises Unavailable with the reason where that cannot be."""
        _provide(install)
        if not (self.folder / "slurm.conf").exists():
            self._prepare()
        try:
            daemons.start(self.folder)
        except (subprocess.SubprocessError, OSError) as error:
            raise Unavailable(f"{error}\n{daemons.tail(self.folder)}") from error
        deadline = time.monotonic() + 120
        while not self._ready():
            if time.monotonic() > deadline:
                raise Unavailable(f"the nodes did not come up\n{daemons.tail(self.folder)}")
            time.sleep(0.2)

    def down(self) -> None:
        """Cancel all jobs, stop the daemons and remove the folder."""
        if not (self.folder / "slurm.conf").exists():
            return
        if daemons.running(self.folder, "slurmctld"):
            self.call("scancel", "--user", getpass.getuser(), check=False)
        daemons.stop(self.folder)
        shutil.rmtree(self.folder)

    def crash(self, node: str) -> None:
        """End a node as a power cut does, and say so; ``up`` brings it back.

        SLURM finds out by itself too, after SlurmdTimeout and some more.
        """
        daemons.kill(self.folder, node)
        self.call("scontrol", "update", f"nodename={node}", "state=down", "reason=crash")

    def call(self, *command: str, check: bool = True) -> str:
        """What a SLURM command prints, errors included."""
        line = [str(self.folder / "bin" / command[0]), *command[1:]]
        return subprocess.run(line, check=check, timeout=120, text=True, **BOTH).stdout

    def jobs(self) -> list[dict[str, str]]:
        """All jobs as ``scontrol show job`` lists them, in the order of submission."""
        lines = self.call("scontrol", "--oneliner", "show", "job").splitlines()
        found = [dict(part.partition("=")[::2] for part in line.split()) for line in lines]
        return sorted((job for job in found if "JobId" in job), key=lambda job: int(job["JobId"]))

    def wait(self, job: str, seconds: float = 600.0) -> str:
        """Wait until a job has ended; the state in which it did."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = next(each["JobState"] for each in self.jobs() if each["JobId"] == job)
            if state not in ("PENDING", "RUNNING", "COMPLETING"):
                return state
            time.sleep(0.5)
        raise TimeoutError(f"job {job} is {state} after {seconds:.0f} seconds")

    def environment(self, base: dict[str, str]) -> dict[str, str]:
        """``base`` with this cluster's commands first and no trace of another cluster or GPU."""
        foreign = ("SLURM_", "SBATCH_", "SRUN_", "SNAKEMAKE_", "CUDA_VISIBLE_DEVICES")
        kept = {key: value for key, value in base.items() if not key.startswith(foreign)}
        return kept | {"PATH": f"{self.folder}/bin{os.pathsep}{kept['PATH']}"}

    def _prepare(self) -> None:
        if len(str(self.folder)) > 60:
            raise Unavailable(f"{self.folder} is too long a path for sockets; take a shorter one")
        for name in ("bin", "dev", "log", "munge", "run", "spool", "state"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for node in NODES:
            (self.folder / "spool" / node).mkdir(exist_ok=True)
        key = self.folder / "munge/key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(1024))
        for name in CLIENTS:
            # The executor plugin drops SLURM_CONF before its inner srun, so the commands set it.
            command = self.folder / "bin" / name
            found = shutil.which(name, path=_path())
            command.write_text(
                f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {found} "$@"\n'
            )
            command.chmod(0o755)
        write_settings(self.folder, getpass.getuser(), _free_ports(1 + len(NODES)))

    def _ready(self) -> bool:
        # A node's version is known once its daemon has registered.
        out = self.call("sinfo", "--noheader", "--Node", "--format=%N %t %v", check=False)
        nodes = {line.split()[0] for line in set(out.splitlines()) if _takes_jobs(line)}
        if nodes != set(NODES) and "down" in out:
            self.call(
                "scontrol", "update", f"nodename={','.join(NODES)}", "state=resume", check=False
            )
        return nodes == set(NODES)


def _takes_jobs(line: str) -> bool:
    _, state, version = line.split()
    return state in ("idle", "mix", "alloc", "comp") and version[0].isdigit()


def _provide(install: bool) -> None:
    missing = [name for name in COMMANDS if shutil.which(name, path=_path()) is None]
    if missing and install:
        apt = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends"]
        update = ["apt-get", "update", "--quiet"]
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        try:
            for line in (update, [*apt, *PACKAGES]):
                subprocess.run(line, check=True, env=environment, capture_output=True, timeout=600)
        except (subprocess.SubprocessError, OSError) as error:
            raise Unavailable(f"SLURM's packages could not be installed: {error}") from error
    elif missing:
        raise Unavailable(f"{missing[0]} is not installed (apt-get install {' '.join(PACKAGES)})")
    os.environ["PATH"] = _path()


def _path() -> str:
    """The search path with the folders of daemons, which a user's often lacks.

    Without the commands of another such cluster, which would answer for that one.
    """
    path = [folder for folder in os.environ["PATH"].split(os.pathsep) if not _is_cluster(folder)]
    return os.pathsep.join([*path, *(f for f in ("/usr/sbin", "/sbin") if f not in path)])


def _is_cluster(folder: str) -> bool:
    return (Path(folder).parent / "slurm.conf").exists()


def _free_ports(number: int) -> int:
    """The first of ``number`` ports in a row that nobody listens on."""
    for first in range(16810 + os.getpid() % 500 * 20, 32000, 20):
        if all(_is_free(first + i) for i in range(number)):
            return first
    raise Unavailable("no free ports on 127.0.0.1 between 16810 and 32000")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


if __name__ == "__main__":
    action, place = sys.argv[1:]
    if action == "up":
        Cluster(Path(place).resolve()).up(install=True)
        print(f"A cluster runs; to use it: export PATH={Path(place).resolve()}/bin:$PATH")
    else:
        Cluster(Path(place).resolve()).down()
