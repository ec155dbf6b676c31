"""Lab folders: the workflow from any folder, and what is said of what is not in its place."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from morphoflow.errors import InputError
from morphoflow.lab import main
from morphoflow.plan.config import MODALITIES
from morphoflow.plan.models import read_models
from places import CONFIG, ROOT
from workflow import PARTS, PIPE, environment

TOYS = """
neurons:
  toys:
    sources: [{toy: three, per_population: 6}]
    walks: {number: 8}
    models: [morphometry/mine, density]
"""
MINE = "variants:\n  mine: {measures: [n_tips, n_stems]}\n"
EMBEDDING = "results/toys/morphometry/mine/seed0/embedding.h5ad"


def lab(folder: Path, config: str = TOYS) -> Path:
    """A lab folder whose name has blanks and letters that are not ASCII, with a model's variant."""
    made = folder / "Labor für Zellen"
    main(made)
    with (made / "config/config.yaml").open("a", encoding="utf-8") as stream:
        stream.write(config)
    (made / "config/models").mkdir()
    (made / "config/models/morphometry.yaml").write_text(MINE)
    return made


def snakemake(
    folder: Path, *arguments: str, before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess:
    """Snakemake, called in a folder."""
    line = [*before, sys.executable, "-m", "snakemake", "--cores", "1", *map(str, arguments)]
    return subprocess.run(line, cwd=folder, env=environment(), text=True, **PIPE)


def planned(folder: Path, *arguments: str) -> dict[str, int]:
    """The jobs of each rule that a dry run names."""
    done = snakemake(folder, "--dry-run", "--quiet", "rules", *arguments)
    assert done.returncode == 0, done.stdout
    counts = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", done.stdout, re.M)}
    assert counts.pop("total") == sum(counts.values())
    return counts


# A new folder


def test_a_lab_folder_has_an_example_of_each_kind_and_overwrites_nothing(tmp_path, capsys):
    main(tmp_path / "lab")
    assert "Next: fill in config/config.yaml" in capsys.readouterr().out
    text = (tmp_path / "lab/config/config.yaml").read_text()
    assert yaml.safe_load(text) == {"runs": "config/runs.tsv"}
    examples = yaml.safe_load("".join(re.findall(r"^# ( *[\w-]+:.*\n|  .*\n)", text, re.M)))
    assert tuple(examples) == MODALITIES
    for kind in MODALITIES:
        assert {kind: examples[kind]} == yaml.safe_load(
            (CONFIG / f"examples/{kind}.yaml").read_text()
        )
    assert (tmp_path / "lab/profiles").resolve() == ROOT / "profiles"
    (tmp_path / "lab/Snakefile").write_text("mine")
    with pytest.raises(InputError, match=r"config/config\.yaml.* already.*another folder"):
        main(tmp_path / "lab")
    assert (tmp_path / "lab/Snakefile").read_text() == "mine"


def test_a_folder_with_data_becomes_a_lab_folder_and_one_with_a_link_is_left_alone(tmp_path):
    (tmp_path / "data").mkdir()
    main(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/profiles").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="'profiles'"):
        main(tmp_path / "other")
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["profiles"]


def test_a_library_without_the_workflow_makes_no_lab_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("morphoflow.lab.WORKFLOW", tmp_path)
    with pytest.raises(InputError, match="without the workflow; call this in a clone"):
        main(tmp_path / "lab")
    assert not (tmp_path / "lab").exists()


# From any folder


def test_all_ways_to_call_the_workflow_plan_the_same(tmp_path):
    made, link, elsewhere = lab(tmp_path), tmp_path / "link", tmp_path / "elsewhere"
    link.symlink_to(ROOT)
    elsewhere.mkdir()
    from_lab = planned(made, "--profile", "profiles/laptop")
    # Its own rule asks for what `all` asks for.
    from_lab["all"] = from_lab.pop("everything")
    assert from_lab["fit"] == 2 and from_lab["read_neurons"] == 1 and from_lab["write_report"] == 1
    given = ("--snakefile", ROOT / "Snakefile", "--directory", made)
    assert planned(elsewhere, *given) == from_lab
    assert planned(elsewhere, "--snakefile", link / "Snakefile", "--directory", made) == from_lab
    module = re.search(r"```snakemake\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    (made / "Snakefile").write_text(module.replace("/home/me/morphoflow", str(link)))
    assert planned(made) == from_lab


def test_a_configuration_of_another_folder_is_enough(tmp_path):
    (tmp_path / "mine.yaml").write_text(TOYS.replace("/mine", ""))
    (tmp_path / "runs.tsv").write_text("dataset\tmodel\tvariant\tseed\n")
    (tmp_path / "mine.yaml").open("a").write("runs: runs.tsv\n")
    (tmp_path / "in").mkdir()
    given = ("--snakefile", ROOT / "Snakefile", "--configfile")
    assert planned(tmp_path, *given, "mine.yaml")["fit"] == 2
    done = snakemake(tmp_path / "in", "-n", *given, "../mine.yaml")
    assert done.returncode and "the table of runs 'runs.tsv' does not exist" in done.stdout
    assert f"working directory '{tmp_path / 'in'}'" in done.stdout
    assert "did you mean '../runs.tsv', which exists?" in done.stdout


def test_an_address_is_refused_in_a_sentence_that_says_to_clone(tmp_path):
    pytest.importorskip("git")
    repository, lab = tmp_path / "clone", tmp_path / "lab"
    (repository / "rules").mkdir(parents=True)
    lab.mkdir()
    shutil.copy(ROOT / "Snakefile", repository)
    git = ["git", "-C", str(repository), "-c", "user.name=n", "-c", "user.email=e@e"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"], ["tag", "v1"]):
        subprocess.run([*git, *command], check=True)
    (lab / "Snakefile").write_text(
        f'module m:\n    snakefile: "git+file://{repository}/Snakefile@v1"\nuse rule * from m\n'
    )
    done = snakemake(lab, "-n")
    assert done.returncode and "git clone --branch TAG" in done.stdout


@pytest.fixture
def without_writing():
    """What a command is called with to be bound by permissions, for root too."""
    if os.geteuid():
        return ()
    if not shutil.which("setpriv"):
        pytest.skip("root may write anywhere, and there is no setpriv to forgo that")
    return ("setpriv", "--bounding-set=-dac_override")


def test_a_lab_folder_runs_with_a_workflow_that_is_read_only(tmp_path, without_writing):
    clone = tmp_path / "the clone"
    clone.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, clone / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, clone)
    made = lab(tmp_path)
    (made / "Snakefile").write_text(f'include: "{clone}/Snakefile"\n')
    subprocess.run(["chmod", "-R", "a-w", clone], check=True)
    done = snakemake(made, EMBEDDING, before=without_writing)
    subprocess.run(["chmod", "-R", "u+w", clone], check=True)
    assert done.returncode == 0, done.stdout
    assert (made / EMBEDDING).is_file() and [*made.glob(".snakemake/numba/*/*.nbi")]
    assert not [*clone.rglob("__pycache__")]
    # A line for each job that is done, with neither its files nor its command.
    assert "4 jobs to do." in done.stdout and "fit toys/morphometry/mine/0" in done.stdout
    assert len(done.stdout.splitlines()) < 10


# What is not in its place


FOLDER = "neurons: {mine: {sources: [{folder: %s}]}}\n"
MISTAKES = {
    "a lab folder without config": (None, ["has no config/config.yaml", "--directory", "lab DIR="]),
    "no dataset": ("runs: config/runs.tsv\n", ["names no dataset", "take the # away"]),
    "relative to the config": (
        FOLDER % "../data",
        ["'../data' does not exist", "relative to the working directory", "did you mean 'data'"],
    ),
    "relative to the workflow": (
        FOLDER % "resources/cards",
        ["did you mean '", "/resources/cards'"],
    ),
    "nowhere": (FOLDER % "/nowhere", ["'/nowhere' does not exist", "this absolute path"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_a_sentence_before_any_job(tmp_path, mistake):
    config, named = MISTAKES[mistake]
    (tmp_path / "data").mkdir()
    (tmp_path / "config").mkdir()
    if config:
        (tmp_path / "config/config.yaml").write_text(config)
    (tmp_path / "config/runs.tsv").write_text("dataset\tmodel\tvariant\tseed\n")
    done = snakemake(tmp_path, "--snakefile", ROOT / "Snakefile")
    assert done.returncode and "Traceback" not in done.stdout
    for part in named:
        assert part in done.stdout
    assert not (tmp_path / "results").exists()


# Models of a lab


def models(folder: Path, **cards: str) -> dict[str, dict]:
    for name, text in cards.items():
        (folder / f"{name}.yaml").write_text(text)
    return read_models(CONFIG / "models", own=folder)


def test_a_lab_adds_variants_and_models_and_changes_none(tmp_path):
    whole = (CONFIG / "models/density.yaml").read_text()
    found = models(tmp_path, morphometry=MINE + "recommended: [mine]\n", coarse=whole)
    ours = read_models(CONFIG / "models")
    assert found.pop("coarse") == ours["density"]
    changed = found.pop("morphometry")
    assert changed["variants"].pop("mine") == {"measures": ["n_tips", "n_stems"]}
    assert changed == ours.pop("morphometry") | {"recommended": ["mine"]}
    assert found == ours


def test_the_workflow_in_its_own_folder_has_its_own_cards_alone():
    found = read_models(CONFIG / "models", own=CONFIG / "models")
    assert set(found) == {path.stem for path in (CONFIG / "models").glob("*.yaml")}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("variants: {default: {}}\n", "variant 'default' is in the workflow's card already"),
        (
            "code: mine.py\nvariants: {a: {}}\n",
            "may add `variants` and `recommended` alone, not 'code'",
        ),
        ("variants: {mine: {measure: []}}\n", "variant 'mine': there is no key 'measure'"),
        ("variants: [mine]\n", r"variants: \['mine'\] is not of type 'object'"),
        ("recommended: [mine]\n", "recommended: variant 'mine'"),
        ("variants: {mine: {\n", "is not YAML"),
        ("# nothing\n", "has no keys"),
    ],
)
def test_what_a_lab_cannot_add_is_named(tmp_path, text, named):
    with pytest.raises(ValueError, match=rf"morphometry\.yaml.*{named}"):
        models(tmp_path, morphometry=text)
