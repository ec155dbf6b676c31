"""All that stops a training on a cluster before its end.

Each takes the cluster, the number of the training's job and the driver, a snakemake process.
"""

import signal
import time


def preempt(cluster, job, driver):
    cluster.call("scontrol", "requeue", job)


def crash(cluster, job, driver):
    """Cut the power of the job's node, and give it back once the job runs on another."""
    node = _find(cluster, job)["NodeList"]
    cluster.crash(node)
    deadline = time.monotonic() + 300
    while _find(cluster, job)["JobState"] != "RUNNING":
        assert time.monotonic() < deadline, _find(cluster, job)
        time.sleep(0.5)
    assert _find(cluster, job)["NodeList"] != node
    cluster.up()


def cancel(cluster, job, driver):
    cluster.call("scancel", job)


def run_out_of_time(cluster, job, driver):
    cluster.call("scontrol", "update", f"JobId={job}", "EndTime=now+1")


def interrupt_driver(cluster, job, driver):
    driver.send_signal(signal.SIGINT)


def kill_driver(cluster, job, driver):
    driver.kill()
    driver.communicate()


def of_rule(jobs: list[dict[str, str]], rule: str) -> list[dict[str, str]]:
    """The jobs of a rule."""
    return [job for job in jobs if job["Comment"].startswith(f"rule_{rule}_")]


def _find(cluster, job: str) -> dict[str, str]:
    return next(each for each in cluster.jobs() if each["JobId"] == job)
