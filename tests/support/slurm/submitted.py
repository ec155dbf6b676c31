"""A copy of the project whose jobs go to a test's own SLURM cluster."""

import subprocess
import sys
from pathlib import Path

import psutil
import yaml

from slurm.cluster import Cluster
from slurm.daemons import end
from workflow import PIPE, Workflow, environment

CONFIG = """
runs: runs.tsv
neurons:
  tiny:
    sources: [{toy: three, per_population: 8}]
    walks: {number: 8, steps: 6}
    densities: {bins: 6}
devices: {training: gpu}
"""
RUNS = """dataset\tmodel\tvariant\tseed
tiny\tmorphvae\ttiny\t0
tiny\tdensity\tdefault\t0
"""
MODEL = "results/tiny/morphvae/tiny/seed0/model.pt"
POLLING = str(Path(__file__).with_name("polling.py"))


class Submitted(Workflow):
    """A workflow, by default on neurons, on ``cluster`` when called with the profile ``slurm``."""

    def __init__(
        self, folder: Path, cluster: Cluster, config: str = CONFIG, runs: str = RUNS
    ) -> None:
        super().__init__(folder, config, runs)
        # In the place of the datasets of the demo, which would be computed as well.
        (folder / "config/config.yaml").write_text(config)
        self.cluster = cluster
        self.drivers: list[subprocess.Popen] = []

    def command(self, *arguments: str, **options: str) -> list[str]:
        """The command line of a snakemake call that asks SLURM each second."""
        return [sys.executable, POLLING, *super().command(*arguments, **options)[3:]]

    def snakemake(self, *arguments: str, check: bool = True, **options: str):
        """Run snakemake to its end and return the finished process, its output as text."""
        driver = self.start(*arguments, **options)
        try:
            out, _ = driver.communicate(timeout=1800)
        except subprocess.TimeoutExpired:
            driver.kill()
            raise
        if check and driver.returncode:
            raise AssertionError(f"{' '.join(driver.args)}\n{out[-4000:]}")
        return subprocess.CompletedProcess(driver.args, driver.returncode, out)

    def start(self, *arguments: str, **options: str) -> subprocess.Popen:
        """Start snakemake."""
        line = self.command(*arguments, **options)
        env = self.cluster.environment(environment())
        driver = subprocess.Popen(line, cwd=self.folder, env=env, text=True, **PIPE)
        self.drivers.append(driver)
        return driver

    def change_site(self, **facts: object) -> None:
        """Change facts of the site."""
        change_site(self.folder, **facts)

    def stop(self) -> None:
        """End every driver that still runs, with all that it started."""
        running = [driver.pid for driver in self.drivers if driver.poll() is None]
        found = [psutil.Process(pid) for pid in running]
        end([*found, *(child for each in found for child in each.children(recursive=True))], 0.0)


def change_site(folder: Path, **facts: object) -> None:
    """Change facts in the site.yaml of a copy of the project."""
    path = folder / "profiles/slurm/site.yaml"
    site = yaml.safe_load(path.read_text()) | facts
    path.write_text(yaml.safe_dump(site))
