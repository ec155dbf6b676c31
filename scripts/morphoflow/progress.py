"""How far a run of the workflow is: which stage of which dataset, how many jobs, how long still."""

from collections import defaultdict
from dataclasses import dataclass, field

BAR = 20
# Stands for jobs that are of no dataset, such as the report.
ALL = "all"


@dataclass(frozen=True)
class Job:
    """A job of the run; ``name`` tells it from others of its rule."""

    rule: str
    dataset: str
    name: str

    def __str__(self) -> str:
        return f"{self.rule} {self.name}".rstrip()


def job_of(rule: str, wildcards: dict[str, str]) -> Job:
    """The job of a rule for its wildcards; one that is of no dataset counts for all."""
    return Job(rule, wildcards.get("dataset", ALL), "/".join(wildcards.values()))


@dataclass
class Progress:
    """The jobs of a run by number, and when each started and how long it took, in seconds."""

    start: float
    jobs: dict[int, Job] = field(default_factory=dict)
    started: dict[int, float] = field(default_factory=dict)
    took: dict[int, float] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)

    def begin(self, job: int, now: float) -> None:
        """A job starts, or starts again."""
        self.started[job] = now
        self.failed.discard(job)

    def finish(self, job: int, now: float) -> None:
        """A job is done."""
        self.took[job] = now - self.started.pop(job, now)

    def fail(self, job: int) -> None:
        """A job has failed."""
        self.started.pop(job, None)
        self.failed.add(job)

    def remaining(self, now: float) -> float | None:
        """Seconds that are left: none are said before three jobs are done.

        A job is expected to take the mean of its rule's jobs so far, or of all where there is none,
        and as many jobs to run side by side as have so far.
        """
        if len(self.took) < 3:
            return None
        by_rule: dict[str, list[float]] = defaultdict(list)
        for job, seconds in self.took.items():
            by_rule[self.jobs[job].rule].append(seconds)
        mean = {rule: sum(all_) / len(all_) for rule, all_ in by_rule.items()}
        overall = sum(self.took.values()) / len(self.took)
        left = sum(
            max(0.0, mean.get(job.rule, overall) - (now - self.started.get(number, now)))
            for number, job in self.jobs.items()
            if number not in self.took and number not in self.failed
        )
        running = sum(now - begun for begun in self.started.values())
        side_by_side = (sum(self.took.values()) + running) / max(now - self.start, 1e-9)
        return left / max(side_by_side, 1.0)

    def summary(self, now: float) -> str:
        """How many jobs are done, since when, and how long it will still take."""
        left = self.remaining(now)
        parts = [f"{len(self.took)} of {len(self.jobs)} jobs done in {duration(now - self.start)}"]
        if left is not None and len(self.took) < len(self.jobs):
            parts.append(f"about {duration(left)} left")
        if self.failed:
            parts.append(f"{len(self.failed)} failed")
        return ", ".join(parts)

    def lines(self, now: float, rows: int) -> list[str]:
        """A line for each dataset with jobs that are left, at most ``rows``, and one for all.

        Where there are more datasets, those are shown of which jobs are running.
        """
        numbers: dict[str, list[int]] = defaultdict(list)
        for number, job in self.jobs.items():
            numbers[job.dataset].append(number)
        left = [name for name, of in numbers.items() if not self.took.keys() >= set(of)]
        left.sort(key=lambda name: name == ALL)
        if len(left) > rows:
            left.sort(key=lambda name: not self.started.keys() & set(numbers[name]))
        width = max(map(len, left), default=0)
        shown = [f"{name:{width}}  {self._line(numbers[name])}" for name in left[:rows]]
        more = [f"and {len(left) - rows} more datasets"] * (len(left) > rows)
        return [*shown, *more, self.summary(now)]

    def _line(self, numbers: list[int]) -> str:
        done = sum(number in self.took for number in numbers)
        bar = "#" * (BAR * done // len(numbers))
        running = [str(self.jobs[n]) for n in numbers if n in self.started]
        return f"{bar:.<{BAR}}  {done:>3} of {len(numbers):<3}  {', '.join(running)}".rstrip()


def duration(seconds: float) -> str:
    """A time as people say it: ``45 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
