"""What jobs asked for and used: known lines, sums, proposals, and books as SLURM prints them."""

import json

import pytest

from morphoflow.accounting import advise, read_benchmarks, summarise
from morphoflow.errors import InputError
from morphoflow.slurm_books import failures, parse_books


def write(folder, rule, name, seconds, mb, cpu=None, **asked):
    line = {"s": seconds, "max_rss": mb, "cpu_time": seconds if cpu is None else cpu}
    if asked:
        line |= {"rule_name": rule, "threads": 1, "resources": asked}
    path = folder / rule / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(line) + "\n")


@pytest.fixture
def folder(tmp_path):
    for seed, (seconds, mb) in enumerate([(600, 900), (1200, 1000)]):
        write(tmp_path, "train", f"a/seed{seed}", seconds, mb, mem_mb=8000, runtime=240, gpu=1)
    write(tmp_path, "fit", "a", 60, 3900, cpu=120, mem_mb=4000, runtime=30)
    return tmp_path


def test_sums_and_maxima_over_the_jobs_of_a_rule(folder):
    table = summarise(read_benchmarks(folder)).set_index("rule")
    assert list(table.index) == ["train", "fit"]
    train, fit = table.loc["train"], table.loc["fit"]
    assert (train["jobs"], train["used_minutes"], train["used_mb"]) == (2, 20, 1000)
    assert train["hours"] == pytest.approx(0.5) and train["gpu_hours"] == pytest.approx(0.5)
    assert fit["gpu_hours"] == 0 and fit["used_cores"] == pytest.approx(2)


def test_a_proposal_suffices_for_every_job_that_was_seen(folder):
    table = summarise(read_benchmarks(folder))
    assert (table["proposed_mb"] > table["used_mb"]).all()
    assert (table["proposed_minutes"] > table["used_minutes"]).all()
    assert table.set_index("rule").loc["train", ["proposed_mb", "proposed_minutes"]].tolist() == [
        1500,
        40,
    ]


def test_advice_names_what_is_too_little_and_what_is_far_too_much_and_nothing_else(folder):
    advice = advise(summarise(read_benchmarks(folder)))
    assert [line.split(" used")[0] for line in advice] == [
        "train: asked for 240 minutes,",
        "train: asked for 8000 MB,",
        "fit: asked for 4000 MB,",
    ]


def test_plain_benchmarks_tell_use_alone_and_take_their_rule_from_the_folder(tmp_path):
    write(tmp_path, "embed", "a/seed0", 30, "NA")
    table = summarise(read_benchmarks(tmp_path))
    assert table["rule"].tolist() == ["embed"] and table["asked_mb"].isna().all()
    assert table["used_mb"].isna().all() and advise(table) == []


@pytest.mark.parametrize("text", ["{", '{"s": 1}', "3"])
def test_what_is_no_benchmark_is_named(tmp_path, text):
    (tmp_path / "odd.jsonl").write_text(text)
    with pytest.raises(InputError, match=r"odd\.jsonl"):
        read_benchmarks(tmp_path)


def test_no_benchmarks_are_an_error(tmp_path):
    with pytest.raises(InputError, match="no benchmarks"):
        read_benchmarks(tmp_path)


BOOKS = """JobIDRaw|JobName|Comment|State|ElapsedRaw|TotalCPU|MaxRSS|ReqMem
7|5e8e|rule_train_wildcards_tiny_morphvae_tiny_0|TIMEOUT|60|00:50|| 8000M
7.0|python|||60|00:50|900000K|
8|5e8e|rule_train_wildcards_tiny_morphvae_tiny_0|CANCELLED by 1000|9|00:08||8000M
9|5e8e|rule_sample_walks|COMPLETED|9|00:08||4000M
"""


def test_failures_are_counted_by_rule_and_kind_without_steps_and_successes():
    found = failures(parse_books(BOOKS))
    assert found.values.tolist() == [["train", "CANCELLED", 1], ["train", "TIMEOUT", 1]]
