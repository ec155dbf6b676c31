"""What a person sees of a run, in the place of what Snakemake prints.

At a terminal there is a live view: a line for each dataset with the stages at work, one for the
whole. Elsewhere each job that is done gives a line. A job that fails says its last lines, and the
last line of a failed run says what to do. All that Snakemake says is in ``.snakemake/log``.
"""

import logging
import os
import shutil
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

from morphoflow.progress import Progress, duration, job_of

INTERRUPTED = "processes on user request"
FAILED = "At least one job did not complete successfully"
# What Snakemake says of each job and of itself.
TOLD = {
    LogEvent.WORKFLOW_STARTED,
    LogEvent.RESOURCES_INFO,
    LogEvent.GROUP_INFO,
    LogEvent.SHELLCMD,
    LogEvent.PROGRESS,
}
LAST_LINES = 5
# How a job says what a user should mend.
SENTENCE = "error: "


def watch(workflow: Any) -> None:
    """Let a view print what happens in a run of a Snakemake ``workflow``.

    Snakemake's own output stays in dry runs, in jobs of clusters, with ``--verbose`` and ``--quiet
    all``, and where a logger plugin is chosen.
    """
    settings, logger = workflow.output_settings, workflow.logger_manager.logger
    own = [handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"]
    quiet = {kind.name for kind in settings.quiet or ()}
    if own and workflow.exec_mode.name == "DEFAULT" and "ALL" not in quiet:
        if settings.dryrun or settings.verbose:
            return
        logger.removeHandler(own[0])
        logger.addHandler(View(own[0], workflow))


class View(logging.Handler):
    """Follows a run by Snakemake's log; ``printer`` prints what is not of single jobs."""

    def __init__(self, printer: logging.StreamHandler, workflow: Any):
        super().__init__()
        self.printer, self.workflow, self.stream = printer, workflow, printer.stream
        self.live = self.stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.progress: Progress | None = None
        self.interrupted = False
        self.height = 0
        self.over = threading.Event()
        self.drawing = threading.RLock()

    def emit(self, record: logging.LogRecord) -> None:
        """Take notice of an event, and print what a user should read."""
        event = getattr(record, "event", None)
        with self.drawing:
            if event == LogEvent.RUN_INFO:
                self._begin()
            elif self.progress is not None:
                self._follow(self.progress, event, record)
            elif event not in TOLD and not _is_noise(record):
                self.printer.handle(record)

    def _begin(self) -> None:
        dag = self.workflow.dag
        now = time.monotonic()
        jobs = {dag.jobid(j): job_of(j.rule.name, j.wildcards_dict) for j in dag.needrun_jobs()}
        self.progress = Progress(now, jobs)
        self._say(f"{len(jobs)} jobs to do.")
        if self.live:
            threading.Thread(target=self._tick, daemon=True).start()

    def _follow(self, progress: Progress, event: str | None, record: Any) -> None:
        now = time.monotonic()
        self.interrupted |= INTERRUPTED in record.getMessage()
        if event == LogEvent.JOB_INFO:
            progress.jobs[record.jobid] = job_of(record.rule_name, record.wildcards)
            progress.begin(record.jobid, now)
        elif event == LogEvent.JOB_FINISHED:
            progress.finish(record.job_id, now)
            if not self.live:
                self._say(_done(progress, record.job_id, now))
        elif event == LogEvent.JOB_ERROR:
            progress.fail(record.jobid)
            self._say(_failure(str(progress.jobs[record.jobid]), record.rule_msg, record.log))
        elif event == LogEvent.GROUP_ERROR:
            self._say(_group_failure(progress, record))
        elif event == LogEvent.ERROR and FAILED in record.getMessage():
            self.over.set()
            self._say(_last_line(progress, now, self.interrupted))
        elif record.levelno > logging.INFO and not _is_said_already(record.getMessage()):
            self._erase()
            self.printer.handle(record)

    def _say(self, text: str) -> None:
        self._erase()
        self.stream.write(f"{text}\n")
        self.stream.flush()

    def _erase(self) -> None:
        if self.height:
            self.stream.write(f"\x1b[{self.height}A\x1b[J")
            self.height = 0

    def _tick(self) -> None:
        while not self.over.wait(0.5):
            with self.drawing:
                self._draw()

    def _draw(self) -> None:
        if self.progress is None or self.over.is_set():
            return
        columns, rows = shutil.get_terminal_size()
        lines = self.progress.lines(time.monotonic(), max(rows - 4, 1))
        self._erase()
        self.stream.write("".join(f"{line[: columns - 1]}\n" for line in lines))
        self.stream.flush()
        self.height = len(lines)

    def close(self) -> None:
        """End the view; what was done stays to be read."""
        with self.drawing:
            if self.progress is not None and not self.over.is_set():
                self._say(f"{self.progress.summary(time.monotonic())}.")
            self.over.set()
        super().close()


def last_lines(log: Path) -> list[str]:
    """What a job that failed said at last: its sentence for users, or its last lines."""
    with log.open(encoding="utf-8", errors="replace") as stream:
        lines = [line.rstrip() for line in deque(stream, LAST_LINES) if line.strip()]
    said = [line for line in lines if line.startswith(SENTENCE)]
    return said[-1:] or lines


def _is_noise(record: logging.LogRecord) -> bool:
    """Whether a message before the run is of Snakemake's ways alone."""
    starts = (
        "Assuming unrestricted",
        "Building DAG",
        "Using shell",
        "host:",
        "Conda environments:",
    )
    return record.levelno <= logging.INFO and record.getMessage().startswith(starts)


def _is_said_already(message: str) -> bool:
    """Whether a message repeats that a job has failed."""
    return "CalledProcessError" in message or message.startswith("Exiting because a job")


def _done(progress: Progress, job: int, now: float) -> str:
    clock = time.strftime("%H:%M:%S")
    took = duration(progress.took[job])
    return f"[{clock}] {progress.jobs[job]}, {took}; {progress.summary(now)}"


def _failure(name: str, reason: str | None, logs: list[str]) -> str:
    """What has failed, why if Snakemake knows, and the last lines of the first log that has any."""
    parts = [f"Failed: {name}" + (f": {reason}" if reason else "")]
    for log in (Path(log) for log in logs if Path(log).is_file()):
        said = last_lines(log)
        if said[-1:] == ["KeyboardInterrupt"]:
            return f"Interrupted: {name}"
        parts += [f"  {log} ends with"] * bool(said) + [f"    {line}" for line in said]
        if said and said[-1].startswith(SENTENCE):
            break
    return "\n".join(parts)


def _group_failure(progress: Progress, record: Any) -> str:
    """The same for jobs that ran together: the job that wrote last is the one that failed."""
    members, logs = record.job_error_info, []
    for member in members:
        progress.fail(member["jobid"])
        logs += [log for log in member["log"] if Path(log).is_file()]
    logs.sort(key=lambda log: Path(log).stat().st_mtime)
    names = ", ".join(str(progress.jobs[member["jobid"]]) for member in members)
    return _failure(f"one of {names}", None, [*logs[-1:], *record.aux_logs])


def _last_line(progress: Progress, now: float, interrupted: bool) -> str:
    """The last line of a run that was not finished: how far it came, and how to go on."""
    head = f"Stopped after {duration(now - progress.start)} with {len(progress.took)} of "
    head += f"{len(progress.jobs)} jobs done"
    if interrupted:
        return f"{head}. Give the same command again to go on: what is done is kept."
    names = [str(progress.jobs[job]) for job in sorted(progress.failed)]
    failed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return (
        f"{head}; what failed: {failed or 'no job of this call'}. Mend what the lines above name "
        f"and give the same command again: what is done is kept."
    )
