"""What jobs ask for: the size of what they read, known sums, and no less than was measured."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import zarr

from morphoflow.analysis import clusters_counted
from morphoflow.requests import (
    HELD_MB,
    MOST_FOR_ALL_PAIRS,
    MOST_HELD_MB,
    MOST_MINUTES,
    memory,
    minutes,
    pairs_memory,
    pairs_minutes,
    size_mb,
    step_memory,
)
from morphoflow.store import write_samples
from places import ROOT

MB = 2**20
RULES = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
MEASURED = json.loads((ROOT / "resources/benchmarks/job_sizes.json").read_text())["jobs"]
SMALL = json.loads((ROOT / "resources/benchmarks/small_workflow.json").read_text())["rules"]
NOTHING = {"samples": "none", "measures": "none"}
WILDCARDS = SimpleNamespace(parts=1, epochs=1, batch=16)
# What the two Snakemakes around a job take, of which a benchmark does not know.
AROUND_MB = 300


def requests_of(rule):
    """The functions by which a rule asks for memory and time."""
    text = RULES[RULES.index(f"rule {rule}:\n") :].partition("\nrule ")[0]
    names = {"memory": memory, "minutes": minutes, "share": lambda wildcards: 1 / wildcards.parts}
    names |= {"epochs": lambda wildcards: wildcards.epochs}
    names |= {"minutes_besides": lambda wildcards, input: 30}
    names |= {"memory_of_step": step, "most_of_samples": lambda wildcards: MOST_HELD_MB}
    names |= {"memory_of_pairs": lambda wildcards, input: pairs_memory(Path(input["measures"]))}
    names |= {"minutes_of_pairs": lambda wildcards, input: pairs_minutes(Path(input["measures"]))}
    found = [re.search(rf"^        {key}=(.*),$", text, re.M) for key in ("mem_mb", "runtime")]
    return [eval(each.group(1), names) for each in found]


def step(wildcards, input):
    return step_memory(Path(input["samples"]), wildcards.batch)


def file_of(path, mb):
    """A file of so many MB, without a byte on the disk."""
    with path.open("wb") as stream:
        stream.truncate(int(mb * MB))
    return str(path)


def store_of(path, mb, n=4):
    zarr.open_group(path, mode="w").create_array("x", shape=(n, int(mb * MB / n)), dtype=np.uint8)
    return str(path)


def test_the_size_of_a_store_is_that_of_its_arrays_whatever_they_take_on_disk(tmp_path):
    x = np.zeros((6, 3, 50, 50), np.float32)
    more = {"axes": ["object", "a", "y", "x"], "units": "none", "provenance": {}}
    write_samples(tmp_path / "s.zarr", list("abcdef"), x, scale=np.ones(6, np.float32), **more)
    assert size_mb(tmp_path / "s.zarr") * MB == x.nbytes + 6 * 4 + 6 * 1
    assert size_mb(tmp_path / "s.zarr" / "x") * MB == x.nbytes


@pytest.mark.parametrize(("kind", "bytes_each"), [("u1", 1), ("<f4", 4), ("<i8", 8)])
def test_format_2_is_read_as_well(tmp_path, kind, bytes_each):
    zarr.create_array(tmp_path / "a", shape=(7, 11), dtype=kind, zarr_format=2)
    assert size_mb(tmp_path / "a") * MB == 77 * bytes_each


def test_a_file_counts_as_it_is_and_what_is_not_there_or_no_array_for_nothing(tmp_path):
    file_of(tmp_path / "table", 3)
    assert size_mb(tmp_path / "table") == 3
    assert size_mb(tmp_path / "missing") == size_mb(tmp_path) == 0


def test_a_request_is_its_base_and_so_much_for_each_mb_times_the_attempt(tmp_path):
    given = {"one": file_of(tmp_path / "a", 30), "more": [file_of(tmp_path / "b", 10)] * 2}
    ask = memory(1000, 4, "one", "more")
    assert [ask(None, given, attempt) for attempt in (1, 2, 3)] == [1200, 2400, 3600]
    assert minutes(10, 0.5, "one")(None, given, 1) == 25
    tenth = minutes(10, 0.5, "one", times=lambda wildcards: 0.1)
    assert tenth(None, given, 1) == 12


def test_a_training_on_volumes_asks_for_no_more_than_both_splits_that_it_holds(tmp_path):
    ask, _ = requests_of("train")
    small, large, larger = (
        ask(WILDCARDS, {"samples": store_of(tmp_path / str(gb), 1000 * gb, 30_000 * gb)}, 1)
        for gb in (1, 12, 60)
    )
    assert small < large == larger
    assert larger - step(WILDCARDS, {"samples": str(tmp_path / "60")}) > 2 * HELD_MB


def test_before_its_input_is_there_a_job_asks_for_its_base(tmp_path):
    given = {"samples": str(tmp_path / "none.zarr"), "files": []}
    assert memory(1500, 9, "samples", "files", "unnamed")(None, given, 1) == 1500
    assert minutes(20, 9, "samples")(None, given, 2) == 40


def test_an_input_that_has_changed_is_measured_anew(tmp_path):
    path, ask = tmp_path / "a", memory(0, 100, "one")
    assert ask(None, {"one": file_of(path, 1)}, 1) == 100
    path.unlink()
    assert ask(None, {"one": file_of(path, 2)}, 1) == 200


def test_a_step_takes_memory_by_its_batch_however_many_samples_there_are(tmp_path):
    few, many = (Path(store_of(tmp_path / str(n), mb=n, n=n)) for n in (16, 1600))
    assert step_memory(few, 16) == step_memory(many, 16) == step_memory(few, 99)
    assert step_memory(many, 32) - step_memory(few, 0) == 2 * (
        step_memory(many, 16) - step_memory(few, 0)
    )


def test_an_analysis_asks_by_pairs_up_to_as_many_objects_as_are_compared_in_pairs(tmp_path):
    stores = [Path(store_of(tmp_path / str(n), mb=1, n=n)) for n in (5_000, 20_000, 900_000)]
    none, *asked = (pairs_memory(store) for store in (Path("none"), *stores))
    assert [mb - none for mb in asked] == [1_000, 16_000, 16_000]
    assert clusters_counted.MOST_FOR_ALL_PAIRS == MOST_FOR_ALL_PAIRS
    assert pairs_minutes(stores[0]) < pairs_minutes(stores[1]) == pairs_minutes(stores[2])


def test_nothing_asks_for_more_than_a_day(tmp_path):
    given = {"samples": file_of(tmp_path / "a", 1000)}
    assert minutes(10, 1, "samples")(None, given, 3) == MOST_MINUTES


@pytest.mark.parametrize("rule", SMALL)
def test_what_a_rule_always_asks_for_covers_the_small_workflow_twice(rule):
    mem, runtime = (ask(WILDCARDS, NOTHING, 1) for ask in requests_of(rule))
    assert mem >= 1.3 * SMALL[rule]["mb"] + AROUND_MB
    assert mem <= 8 * (SMALL[rule]["mb"] + AROUND_MB)
    assert runtime * 60 >= 2 * SMALL[rule]["cpu_s"]


@pytest.mark.parametrize("job", MEASURED, ids=lambda job: f"{job['rule']}-{job['shape']}")
def test_requests_cover_what_was_measured_on_larger_inputs_with_a_margin(tmp_path, job):
    given = {"samples": store_of(tmp_path / "s.zarr", job["input_mb"], n=job["shape"][0])}
    given |= {"measures": given["samples"]}
    given |= {"embedding": file_of(tmp_path / "e.h5ad", job.get("embedding_mb", 0))}
    mem, runtime = (
        ask(SimpleNamespace(epochs=job.get("epochs"), batch=job.get("batch")), given, 1)
        for ask in requests_of(job["rule"])
    )
    assert mem >= 1.2 * job["mb"] + AROUND_MB
    assert runtime * 60 >= 1.5 * job["cpu_s"]


@pytest.mark.parametrize("rule", ["train", "fit", "embed", "analyse_embedding"])
def test_requests_grow_with_the_input(tmp_path, rule):
    sizes = [1, 100, 10_000]
    asked = []
    for mb in sizes:
        store = store_of(tmp_path / f"{mb}.zarr", mb, n=1000 * mb)
        given = dict.fromkeys(("samples", "measures", "embedding"), store)
        asked.append([ask(WILDCARDS, given, 1) for ask in requests_of(rule)])
    mem, runtime = zip(*asked, strict=True)
    assert mem[0] < mem[1] < mem[2] and runtime[0] < runtime[1] <= runtime[2]


def test_every_rule_with_a_script_asks_by_these_functions():
    for text in re.split(r"^rule ", RULES, flags=re.M)[1:]:
        if "script=entry(" in text:
            assert re.search(r"^        mem_mb=memory\(", text, re.M), text[:40]
            assert re.search(r"^        runtime=minutes\(", text, re.M), text[:40]
