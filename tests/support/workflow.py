"""A copy of the project with a small configuration, to run the workflow in."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import yaml

from morphoflow.files import sha256
from places import ROOT
from synthetic_cells import write_fields

PARTS = ("Snakefile", "rules", "scripts", "envs", "config", "resources", "profiles")

CONFIG = """
runs: runs.tsv
neurons:
  tiny:
    sources:
      - {toy: three, per_population: 8}
    walks: {number: 8, steps: 6}
    densities: {bins: 6}
cells:
  discs:
    sources:
      - {images: cells/images, masks: cells/masks}
    labels: cells/labels.csv
    crops: {size: 24}
    prealignment: {copies: 2}
organelles:
  shapes:
    phantom: {shape: [40, 160, 160], voxel_size_nm: [30, 16, 16], per_class: 3}
    jobs: 2
    volumes: {size: 16}
    points: {number: 64}
dendrites:
  arbors:
    sources:
      - simulated:
          number: 40
          size: 32
          pixel_um: 2.6
          populations: {wild_type: {}, sparse: {branching_rate: 0.006}}
    images: {size: 32}
    generated: {number: 12}
    realism: {repeats: 4, images: 64}
compare: {discs: {}, arbors: {reference: wild_type}}
combinations: {form_and_points: {features/default: 1, point_ae/tiny: 0.5}}
sweeps: {bins: {datasets: [tiny], model: persistence, grid: {bins: [4, 8]}}}
cross_validation: {folds: 2, repeats: 1, bootstraps: 50}
retrieval: {permutations: 200, bootstraps: 50}
clusters: {methods: [kmeans, hdbscan]}
classification: {neighbours: [1, 3], bootstraps: 50}
"""
RUNS = """dataset\tmodel\tvariant\tseed
tiny\tmorphvae\ttiny\t0
tiny\tmorphometry\tdefault\t0
discs\to2vae\ttiny\t0
discs\tprealigned_vae\ttiny\t0
discs\tshape_features\tdefault\t0
shapes\tvolume_vae\ttiny\t0
shapes\tpoint_ae\ttiny\t0
shapes\tfeatures\tdefault\t0
shapes\tcombination\tform_and_points\t0
arbors\tprogressive_gan\ttiny\t0
arbors\tarbor_statistics\tdefault\t0
"""
# Parts of the configuration that name datasets of several kinds.
BETWEEN = ("compare", "combinations", "sweeps")


def of_kind(kind: str) -> tuple[str, str]:
    """The configuration and the runs of the small datasets of one kind alone."""
    config = yaml.safe_load(CONFIG)
    others = {"neurons", "cells", "organelles", "dendrites", *BETWEEN} - {kind}
    names = ("dataset", *config[kind])
    runs = [line for line in RUNS.splitlines(True) if line.split("\t")[0] in names]
    kept = {key: value for key, value in config.items() if key not in others}
    return yaml.safe_dump(kept), "".join(runs)


# Variants that train for a few seconds at most; that of neurons for long enough to be interrupted.
SMALL = (
    "  tiny: {epochs: 2, batch_size: 8, widths: [4, 8], decoder_widths: [8, 8], latent_size: 3}\n"
)
VARIANTS = {
    "morphvae": "  tiny: {epochs: 60, batch_size: 8}\n",
    "o2vae": SMALL,
    "prealigned_vae": SMALL,
    "volume_vae": "  tiny: {epochs: 1, batch_size: 8, widths: [4, 8], latent_size: 3}\n",
    "point_ae": "  tiny: {epochs: 1, widths: [8, 8], latent_size: 3, decoded_points: 32}\n",
    "progressive_gan": (
        "  tiny: {epochs: 2, epoch_images: 16, widths: [8, 4], latent_size: 4,"
        " timelapse_frames: 2}\n"
    ),
}

NOT_RESULTS = ("logs", "benchmarks", "checkpoints")


class Workflow:
    """A copy of the project in ``folder``, in which ``snakemake`` runs."""

    def __init__(self, folder: Path, config: str = CONFIG, runs: str = RUNS):
        self.folder = folder
        for part in PARTS:
            copy = _copy_code if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)
        for model, variant in VARIANTS.items():
            with (folder / f"config/models/{model}.yaml").open("a") as stream:
                stream.write(variant)
        shutil.copytree(cells(), folder / "cells")
        (folder / "small.yaml").write_text(config)
        (folder / "runs.tsv").write_text(runs)

    @classmethod
    def copy_of(cls, other: Path, folder: Path) -> "Workflow":
        """What lies in the folder of another, its results too, in a new ``folder``."""
        workflow = cls.__new__(cls)
        workflow.folder = shutil.copytree(other, folder, symlinks=True)
        return workflow

    def snakemake(self, *arguments: str, check: bool = True, **options: str):
        """Run snakemake and return the finished process, its output as text."""
        line = self.command(*arguments, **options)
        env = environment() | ({} if PLANNING & {*arguments} else forking())
        done = subprocess.run(line, cwd=self.folder, env=env, text=True, **PIPE)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(line)}\n{done.stdout}")
        return done

    def command(
        self, *arguments: str, profile: str = "laptop", config: str = "small.yaml"
    ) -> list[str]:
        """The command line of a snakemake call."""
        cores = [] if profile == "slurm" else ["--cores", "2"]
        options = ["--profile", f"profiles/{profile}", "--configfile", config]
        return [sys.executable, "-m", "snakemake", *arguments, *cores, *options]

    def planned(self, *arguments: str, profile: str = "laptop") -> dict[str, str]:
        """The rules that a dry run would execute, with the reasons of all their jobs."""
        out = self.snakemake("--dry-run", *arguments, profile=profile).stdout
        found = re.findall(r"^ *(?:local)?rule (\w+):\n(.*?)(?:\n\n|\Z)", out, re.M | re.S)
        reasons: dict[str, str] = {}
        for rule, text in found:
            reasons[rule] = f"{reasons.get(rule, '')} {_reason(text)}"
        return reasons


def _copy_code(source: Path, target: Path) -> None:
    """Copy a folder of code, which shares what has been compiled, by Python and by Numba.

    Both hold it against time and size of the source, so that an edited module is compiled anew.
    """
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        compiled = source / folder.relative_to(target) / "__pycache__"
        if any(folder.glob("*.py")):
            compiled.mkdir(exist_ok=True)
            (folder / "__pycache__").symlink_to(compiled)


@cache
def cells() -> Path:
    """A folder with images of cells, masks and labels, the same in all workflows of a session.

    OME-TIFF files hold an identifier that differs each time they are written.
    """
    folder = Path(tempfile.mkdtemp())
    write_fields(folder, n=4)
    rows = [f"field{i}_{k},{'ab'[k % 2]}\n" for i in range(4) for k in range(1, 13)]
    (folder / "labels.csv").write_text("id,label\n" + "".join(rows))
    return folder


def results(workflow) -> dict[str, str]:
    """The checksum of every result file; logs and benchmarks hold times."""
    root = workflow.folder / "results"
    return {
        path.relative_to(root).as_posix(): sha256(path)
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and path.relative_to(root).parts[0] not in NOT_RESULTS
        and path.name != ".snakemake_timestamp"
    }


# Calls that run no job.
PLANNING = {"--dry-run", "--lint", "--list-rules", "--unlock"}
PIPE = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}


def environment() -> dict[str, str]:
    """The environment of a job: this interpreter first, no settings of an outer workflow."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SNAKEMAKE")}
    # The report holds the day on which it was made, as metadata for archives have to.
    fixed = {"MPLBACKEND": "agg", "PYTHONPATH": "", "SOURCE_DATE_EPOCH": "0"}
    return kept | {"PATH": path} | fixed


@cache
def forking() -> dict[str, str]:
    """What has a workflow's jobs forked from a process that has loaded the large packages."""
    folder = ROOT / "tests/support/forking"
    path = Path(tempfile.mkdtemp()) / "socket"
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    line = [sys.executable, str(folder / "server.py"), str(path)]
    # It ends with its input, whose other end stays open as long as this process lives.
    reading, _ = os.pipe()
    server = subprocess.Popen(line, stdin=reading, env=environment() | threads)
    os.close(reading)
    while not path.exists():
        assert server.poll() is None, "the server of jobs did not start"
        time.sleep(0.1)
    return {
        "PATH": f"{folder}{os.pathsep}{environment()['PATH']}",
        "FORKING_SOCKET": str(path),
        "FORKING_SERVER": str(server.pid),
        "REAL_PYTHON": sys.executable,
    }


def _reason(text: str) -> str:
    match = re.search(r"^\s*reason: (.*)$", text, re.M)
    return match.group(1) if match else ""
