"""What a person sees of a run: how far it is, how long still, and what failed."""

import io
import logging
import os
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from morphoflow.console import FAILED, View, last_lines, watch
from morphoflow.progress import Progress, duration, job_of


def of_dataset(rule: str, dataset: str, seed: int):
    return job_of(rule, {"dataset": dataset, "seed": str(seed)})


@pytest.fixture
def progress():
    """Six jobs of two datasets and a report, begun at 100 s."""
    jobs = {n: of_dataset("train", "cells", n) for n in range(4)}
    jobs |= {4: of_dataset("embed", "neurons", 0), 5: job_of("report", {})}
    return Progress(100.0, jobs)


def run(progress: Progress, job: int, start: float, end: float) -> None:
    progress.begin(job, start)
    progress.finish(job, end)


def test_a_line_for_each_dataset_with_what_runs_and_one_for_the_whole(progress):
    run(progress, 0, 100, 110)
    progress.begin(1, 110)
    assert progress.lines(115, rows=9) == [
        "cells    #####...............    1 of 4    train cells/1",
        "neurons  ....................    0 of 1",
        "all      ....................    0 of 1",
        "1 of 6 jobs done in 15 s",
    ]
    run(progress, 4, 115, 116)
    assert not any(line.startswith("neurons") for line in progress.lines(116, rows=9))


def test_where_rows_are_few_those_datasets_are_shown_that_are_at_work(progress):
    progress.begin(4, 101)
    shown = progress.lines(102, rows=1)
    assert [line.split()[0] for line in shown] == ["neurons", "and", "0"]
    assert shown[1] == "and 2 more datasets"


def test_what_is_left_is_the_mean_of_the_rule_by_what_runs_side_by_side(progress):
    run(progress, 0, 100, 110)
    run(progress, 1, 110, 120)
    assert progress.remaining(120) is None
    run(progress, 4, 120, 124)
    # Two trainings of 10 s and a report like the mean of all, 8 s, one after another.
    assert progress.remaining(124) == pytest.approx(28)
    progress.begin(2, 124)
    assert progress.remaining(128) == pytest.approx(24)
    # A job that takes longer than expected may end at any time, but not in the past.
    assert progress.remaining(1000) == pytest.approx(18)
    progress.fail(2)
    assert progress.remaining(124) == pytest.approx(18)


def test_jobs_that_run_side_by_side_are_done_sooner(progress):
    for job in (0, 1, 2, 3):
        run(progress, job, 100, 110)
    # Four at once took 10 s each; two more of 10 s are left, at four at once.
    assert progress.remaining(110) == pytest.approx(20 / 4)


def test_a_job_that_is_tried_again_has_not_failed(progress):
    progress.begin(0, 100)
    progress.fail(0)
    assert progress.summary(101).endswith("1 failed")
    run(progress, 0, 101, 102)
    assert "failed" not in progress.summary(102)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (7500, "2 h 5 min")],
)
def test_times_are_said_as_people_do(seconds, said):
    assert duration(seconds) == said


def test_of_a_log_the_sentence_for_users_is_shown_or_the_last_lines(tmp_path):
    log = tmp_path / "job.log"
    log.write_text("one\ntwo\nerror: mend this.\n")
    assert last_lines(log) == ["error: mend this."]
    log.write_text("".join(f"line {k}\n\n" for k in range(9)) + "KeyError: 'a'\n")
    assert last_lines(log) == ["line 7", "line 8", "KeyError: 'a'"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def view(stream) -> View:
    """A view of a run of two jobs, a training and a report, of which nothing has begun."""
    jobs = [
        SimpleNamespace(rule=SimpleNamespace(name="train"), wildcards_dict={"dataset": "cells"}),
        SimpleNamespace(rule=SimpleNamespace(name="report"), wildcards_dict={}),
    ]
    dag = SimpleNamespace(needrun_jobs=lambda: jobs, jobid=jobs.index)
    return View(logging.StreamHandler(stream), SimpleNamespace(dag=dag))


def tell(view: View, event=None, level=logging.INFO, message="", **more) -> None:
    record = logging.LogRecord("snakemake", level, "", 0, message, (), None)
    vars(record).update(more, event=event)
    view.handle(record)


def follow(shown: View, log) -> None:
    """The run fails in its training."""
    tell(shown, LogEvent.RUN_INFO)
    started = {"rule_name": "train", "wildcards": {"dataset": "cells"}, "log": [str(log)]}
    tell(shown, LogEvent.JOB_INFO, jobid=0, message="many\nlines", **started)
    tell(shown, LogEvent.JOB_INFO, jobid=1, rule_name="report", wildcards={}, log=[])
    tell(shown, LogEvent.JOB_FINISHED, job_id=1)
    log.write_text("error: there is no GPU; train on the CPU.\n")
    tell(shown, LogEvent.ERROR, logging.ERROR, "RuleException:\nCalledProcessError in train.smk")
    tell(shown, LogEvent.JOB_ERROR, logging.ERROR, jobid=0, rule_msg=None, log=[str(log)])
    tell(shown, LogEvent.ERROR, logging.ERROR, f"WorkflowError:\n{FAILED}.")
    shown.close()


def test_a_run_that_fails_says_the_jobs_last_lines_and_ends_with_the_way_out(tmp_path):
    stream, log = io.StringIO(), tmp_path / "train.log"
    follow(view(stream), log)
    first, done, failed, where, error, last = stream.getvalue().splitlines()
    assert first == "2 jobs to do."
    assert done.split("] ")[1].startswith("report, 0 s; 1 of 2 jobs done")
    assert (failed, where) == ("Failed: train cells", f"  {log} ends with")
    assert error == "    error: there is no GPU; train on the CPU."
    assert "1 of 2 jobs done; what failed: train cells. Mend" in last
    assert "same command again" in last


def test_a_run_that_its_user_stops_has_not_failed(tmp_path):
    stream, log = io.StringIO(), tmp_path / "train.log"
    log.write_text("Traceback\n  ...\nKeyboardInterrupt\n")
    shown = view(stream)
    tell(shown, LogEvent.RUN_INFO)
    tell(shown, message="Terminating processes on user request, this might take some time.")
    tell(shown, LogEvent.JOB_ERROR, logging.ERROR, jobid=0, rule_msg=None, log=[str(log)])
    tell(shown, LogEvent.ERROR, logging.ERROR, f"WorkflowError:\n{FAILED}.")
    _, interrupted, last = stream.getvalue().splitlines()
    assert interrupted == "Interrupted: train cells"
    assert last.startswith("Stopped after 0 s with 0 of 2 jobs done. Give the same command again")


def test_of_a_job_that_was_killed_all_logs_are_shown_and_why(tmp_path):
    stream, logs = io.StringIO(), [tmp_path / "train.log", tmp_path / "slurm.log"]
    logs[0].write_text("epoch 3 of 9\n")
    logs[1].write_text("DUE TO TIME LIMIT\n")
    shown = view(stream)
    tell(shown, LogEvent.RUN_INFO)
    missing = str(tmp_path / "none.log")
    more = {"jobid": 0, "rule_msg": "TIMEOUT", "log": [missing, *map(str, logs)]}
    tell(shown, LogEvent.JOB_ERROR, logging.ERROR, **more)
    said = stream.getvalue().splitlines()
    assert said[1] == "Failed: train cells: TIMEOUT"
    assert [line.strip() for line in said[3::2]] == ["epoch 3 of 9", "DUE TO TIME LIMIT"]


def test_of_jobs_that_ran_together_the_one_is_shown_that_wrote_last(tmp_path):
    stream, logs = io.StringIO(), [tmp_path / "train.log", tmp_path / "report.log"]
    for k, log in enumerate(logs):
        log.write_text(f"error: {log.stem}\n")
        os.utime(log, (100 - k, 100 - k))
    shown = view(stream)
    tell(shown, LogEvent.RUN_INFO)
    members = [{"jobid": k, "log": [str(log)]} for k, log in enumerate(logs)]
    told = {"job_error_info": members, "aux_logs": []}
    tell(shown, LogEvent.GROUP_ERROR, logging.ERROR, **told)
    assert shown.progress.failed == {0, 1}
    assert "one of train cells, report" in stream.getvalue()
    assert "error: train" in stream.getvalue() and "error: report" not in stream.getvalue()


def test_a_terminal_shows_a_block_that_is_drawn_anew_in_its_place(tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    shown = view(stream)
    tell(shown, LogEvent.RUN_INFO)
    shown._draw()
    shown._draw()
    drawn = stream.getvalue().splitlines()
    # Two datasets and the whole, so three lines up, which are wiped.
    assert drawn[4].startswith("\x1b[3A\x1b[J") and drawn[4].endswith(drawn[1])
    follow(shown, tmp_path / "train.log")
    assert stream.getvalue().count("Failed: ") == 1
    assert stream.getvalue().splitlines()[-1].startswith("Stopped after")


def test_warnings_and_what_is_said_before_the_run_are_printed():
    stream = io.StringIO()
    shown = view(stream)
    tell(shown, message="Building DAG of jobs...")
    tell(shown, LogEvent.WORKFLOW_STARTED, message="many lines")
    tell(shown, message="Nothing to be done")
    tell(shown, LogEvent.RUN_INFO)
    tell(shown, message="Select jobs to execute...")
    tell(shown, level=logging.WARNING, message="the disk is slow")
    shown.close()
    said = stream.getvalue().splitlines()
    assert said[:3] == ["Nothing to be done", "2 jobs to do.", "the disk is slow"]
    assert said[3].startswith("0 of 2 jobs done in")


@pytest.mark.parametrize(
    ("settings", "mode", "watched"),
    [
        ({}, "DEFAULT", True),
        ({"dryrun": True}, "DEFAULT", False),
        ({"verbose": True}, "DEFAULT", False),
        ({"quiet": [SimpleNamespace(name="ALL")]}, "DEFAULT", False),
        ({"quiet": [SimpleNamespace(name="HOST")]}, "DEFAULT", True),
        ({}, "REMOTE", False),
    ],
)
def test_a_run_is_watched_but_not_a_dry_run_or_a_job(settings, mode, watched):
    logger = logging.Logger("snakemake")
    handler = logging.StreamHandler(io.StringIO())
    handler.name = "DefaultStreamHandler"
    logger.addHandler(handler)
    given = {"dryrun": False, "verbose": False, "quiet": None} | settings
    workflow = SimpleNamespace(
        output_settings=SimpleNamespace(**given),
        logger_manager=SimpleNamespace(logger=logger),
        exec_mode=SimpleNamespace(name=mode),
    )
    watch(workflow)
    watch(workflow)
    (found,) = logger.handlers
    assert isinstance(found, View) == watched
