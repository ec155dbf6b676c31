"""What the profile for SLURM makes of a site's facts, by dry runs that need no SLURM."""

import os
import re
import runpy
import shutil
import subprocess
import sys

import pytest
import yaml

from places import ROOT
from slurm.submitted import CONFIG, RUNS, change_site
from workflow import PIPE, Workflow, environment

PROFILE = ROOT / "profiles/slurm"
FACTS = runpy.run_path(str(PROFILE / "facts.py"))


@pytest.fixture
def workflow(tmp_path):
    return Workflow(tmp_path, CONFIG, RUNS)


def asked(workflow, *options: str) -> dict[str, str]:
    """The resources that a dry run shows for each rule."""
    line = ("--dry-run", "--forceall", "embeddings", *options)
    out = workflow.snakemake(*line, profile="slurm").stdout
    found = re.findall(r"^ *rule (\w+):\n(?:.+\n)*? +resources: (.*)\n", out, re.M)
    return {rule: f"{resources}," for rule, resources in found}


def test_an_account_is_charged_for_every_job_and_none_where_none_is_named(workflow):
    assert not any("slurm_account" in resources for resources in asked(workflow).values())
    change_site(workflow.folder, account="lab")
    assert all("slurm_account=lab," in resources for resources in asked(workflow).values())


def test_a_gpu_model_is_named_with_every_gpu_and_with_nothing_else(workflow):
    assert not any("gpu_model" in resources for resources in asked(workflow).values())
    change_site(workflow.folder, gpu_model="a100")
    jobs = asked(workflow)
    named = sorted(rule for rule in jobs if "gpu_model=a100," in jobs[rule])
    assert "train" in named
    assert named == sorted(rule for rule in jobs if " gpu=1," in jobs[rule])


def test_a_site_without_gpus_is_one_line_and_no_job_asks_for_one(workflow):
    assert any(" gpu=1," in resources for resources in asked(workflow).values())
    change_site(workflow.folder, gpus_at_once=0, gpu_model="a100")
    jobs = asked(workflow)
    assert " gpu=0," in jobs["train"]
    assert not any(" gpu=1," in each or "gpu_model" in each for each in jobs.values())


def test_the_profiles_list_all_rules_that_ask_for_a_gpu():
    # Snakemake passes over a name that no rule has without a word.
    text = (PROFILE / "profile.yaml").read_text()
    listed = yaml.safe_load(re.search(r"gpu_rules = (\[.*\])", text).group(1))
    for other in ("pbs", "lsf"):
        told = (ROOT / "profiles" / other / "README.md").read_text()
        assert sorted(re.findall(r"(\w+):gpu=0", told)) == sorted(listed)
    rules = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    using = re.findall(r"^rule (\w+):\n(?:(?!rule ).*\n)*?        gpu=(?!0,)", rules, re.M)
    assert sorted(listed) == sorted(using)
    asking = re.findall(r"^        gpu=(?!0,)(\w+),\n        (.*)\n", rules, re.M)
    assert {line for _, line in asking} == {
        f"gpu_model=model_of_gpu({name})," for name, _ in asking
    }


def test_every_grouped_rule_is_a_rule_and_asks_for_no_gpu():
    groups = yaml.safe_load((PROFILE / "profile.yaml").read_text().partition("\n?if not")[0])
    rules = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    for rule in groups["groups"]:
        text = rules[rules.index(f"rule {rule}:\n") :].partition("\nrule ")[0]
        assert not re.search(r"^        gpu=[^0]", text, re.M), rule


def test_a_baseline_with_its_analysis_and_figures_is_one_slurm_job(workflow):
    line = ("--dry-run", "results/tiny/density/default/seed0/figures")
    out = workflow.snakemake(*line, profile="slurm").stdout
    (group,) = re.findall(r"Group job results .*\n((?: .*\n|\n|Shell.*\n)+)", out)
    rules = re.findall(r"rule (\w+):", group)
    assert sorted(rules) == ["analyse_embedding", "draw_run", "fit"]


def test_the_profile_is_found_from_a_lab_folder_by_its_name(tmp_path):
    (tmp_path / "clone").mkdir()
    clone = Workflow(tmp_path / "clone", CONFIG, RUNS)
    lab = tmp_path / "Läb 1"
    lab.mkdir()
    for name in ("small.yaml", "runs.tsv"):
        shutil.copy(clone.folder / name, lab)
    (lab / "slurm").symlink_to(clone.folder / "profiles/slurm")
    line = [sys.executable, "-m", "snakemake", "--profile", "slurm", "--dry-run", "models"]
    line += ["--snakefile", clone.folder / "Snakefile", "--configfile", "small.yaml"]

    def accounts():
        options = {"cwd": lab, "env": environment(), "check": True, "text": True}
        out = subprocess.run(line, **options, **PIPE).stdout
        return set(re.findall(r"slurm_account=(\w+)", out))

    change_site(clone.folder, account="beside")
    assert accounts() == {"beside"}
    shutil.copy(PROFILE / "site.yaml", lab)
    assert accounts() == set()


def read_site(tmp_path, monkeypatch, known="cpu|(null)\ngpu|gpu:a100:4", **facts):
    """The facts of a lab's site.yaml, on a cluster with the partitions ``known``."""
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "sinfo").write_text(f"#!/bin/sh\ncat <<'END'\n{known}\nEND\n")
    (bin / "sinfo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin}{os.pathsep}{os.environ['PATH']}")
    site = yaml.safe_load((PROFILE / "site.yaml").read_text()) | facts
    (tmp_path / "site.yaml").write_text(
        yaml.safe_dump({name: value for name, value in site.items() if value != "left out"})
    )
    return FACTS["read_site"](PROFILE, tmp_path)


def test_a_labs_own_site_is_read_and_what_slurm_knows_is_right(tmp_path, monkeypatch):
    site = read_site(tmp_path, monkeypatch, account="lab")
    assert (site["account"], site["file"]) == ("lab", str(tmp_path / "site.yaml"))


@pytest.mark.parametrize(
    ("known", "facts", "said"),
    [
        (
            "cpu|(null)\nlong|gpu:2",
            {},
            "SLURM does not know the partition 'gpu'; it knows cpu, long",
        ),
        ("cpu|(null)\ngpu|(null)", {}, "'gpu' has `max_gpu`, but no node of it has a GPU"),
        ("cpu|(null)", {"partitions": {"cpu": {}}}, "no partition has a `max_gpu`"),
        ("cpu|x", {"status_command": "left out"}, "`status_command` is missing"),
        ("cpu|x", {"gpus_at_once": "many"}, "`gpus_at_once` is 'many', but must be a whole number"),
        ("cpu|x", {"acount": "lab"}, "there is no fact `acount`; known are account,"),
    ],
)
def test_what_is_wrong_with_a_site_is_one_sentence(tmp_path, monkeypatch, known, facts, said):
    with pytest.raises(SystemExit) as refused:
        read_site(tmp_path, monkeypatch, known, **facts)
    text = str(refused.value)
    assert text.startswith(f"error: {tmp_path / 'site.yaml'}: ") and said in text
    assert "\n" not in text and text.endswith(".")


def test_partitions_are_not_held_against_a_slurm_that_is_not_here(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert FACTS["read_site"](PROFILE, tmp_path)["file"] == str(PROFILE / "site.yaml")


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
