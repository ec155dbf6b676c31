"""What the profile for SLURM makes of a site's facts, by dry runs that need no SLURM."""

import re
import subprocess
import sys

import pytest
import yaml

from places import ROOT
from slurm.submitted import CONFIG, RUNS
from workflow import Workflow

SITE = "profiles/slurm/site.yaml"


@pytest.fixture
def workflow(tmp_path):
    return Workflow(tmp_path, CONFIG, RUNS)


def asked(workflow, *options: str) -> dict[str, str]:
    """The resources that a dry run shows for each rule."""
    line = ("--dry-run", "--forceall", "embeddings", *options)
    out = workflow.snakemake(*line, profile="slurm").stdout
    found = re.findall(r"^rule (\w+):\n(?:.+\n)*?    resources: (.*)\n", out, re.M)
    return {rule: f"{resources}," for rule, resources in found}


def change(workflow, **facts):
    path = workflow.folder / SITE
    site = yaml.safe_load(path.read_text()) | facts
    path.write_text(yaml.safe_dump(site))


def test_an_account_is_charged_for_every_job_and_none_where_none_is_named(workflow):
    assert not any("slurm_account" in resources for resources in asked(workflow).values())
    change(workflow, account="lab")
    assert all("slurm_account=lab," in resources for resources in asked(workflow).values())


def test_a_gpu_model_is_named_only_with_a_gpu(workflow):
    assert not any("gpu_model" in resources for resources in asked(workflow).values())
    change(workflow, gpu_model="a100")
    jobs = asked(workflow)
    assert "gpu=1, gpu_model=a100," in jobs["train"]
    assert [rule for rule in jobs if "gpu_model" in jobs[rule]] == ["train"]


def test_a_gpu_model_is_named_for_all_rules_that_always_use_a_gpu():
    # Snakemake passes over a name that no rule has without a word.
    text = (ROOT / SITE).with_name("profile.yaml").read_text()
    named = yaml.safe_load(text.partition("set-resources:")[2])
    rules = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    using = re.findall(r"^rule (\w+):\n(?:(?!rule ).*\n)*?        gpu=1,", rules, re.M)
    assert sorted(named) == sorted(using)


def test_an_overlay_drops_no_gpu(workflow):
    # An overlaid profile replaces `set-resources` as a whole, so the GPU stands in the rule.
    jobs = asked(workflow, "--set-resources", "train:mem_mb=9000")
    assert "mem_mb=9000," in jobs["train"] and "gpu=1," in jobs["train"]


def test_several_gpus_are_those_of_one_node_with_a_core_for_each(workflow):
    jobs = asked(workflow, "--set-resources", "train:gpu=2")
    assert "nodes=1, cpus_per_gpu=1, gpu=2," in jobs["train"]


def test_the_times_in_the_readme_are_those_of_the_measured_figures():
    script = ROOT / "resources/benchmarks/estimates.py"
    table = subprocess.run([sys.executable, script], check=True, capture_output=True, text=True)
    assert table.stdout in (ROOT / "profiles/slurm/README.md").read_text()
