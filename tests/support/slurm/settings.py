"""The files of a SLURM cluster that lives in one folder of one machine."""

import socket
from pathlib import Path

# A node for jobs on the CPU and one with two GPUs that are none: links to /dev/null, which SLURM
# counts and hands out (of a plain file it would set no CUDA_VISIBLE_DEVICES).
NODES = {"c1": 0, "g1": 2}
CORES, MEMORY_MB = 16, 256_000

SLURM = """# A cluster for tests, not for production.
ClusterName=morphoflow
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
# A requeued job waits for as long as credentials hold, by default two minutes.
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/%n.log
PlugStackConfig={folder}/plugstack.conf
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=5
# No database: `sacct` is there and knows nothing, as on many a small cluster.
AccountingStorageType=accounting_storage/none
MinJobAge=3600
# Pretended hardware: the requests of real jobs fit, whatever this machine has.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# What can never run is refused instead of waiting for ever.
EnforcePartLimits=ALL
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=100000,bf_interval=1
SlurmdTimeout=30
SlurmctldTimeout=30
BatchStartTimeout=60
MessageTimeout=30
KillWait=30
InactiveLimit=0
CompleteWait=0
ReturnToService=2
JobRequeue=1
GresTypes=gpu
"""


def write_settings(folder: Path, user: str, port: int) -> None:
    """Write all settings of a cluster in ``folder``; its daemons use ``port`` and those above."""
    host = socket.gethostname().split(".")[0]
    lines = [SLURM.format(folder=folder, user=user, host=host, port=port)]
    devices = []
    for number, (node, gpus) in enumerate(NODES.items(), 1):
        gres = f" Gres=gpu:fake:{gpus}" if gpus else ""
        lines.append(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port + number}"
            f" CPUs={CORES} RealMemory={MEMORY_MB}{gres} Weight={number} State=UNKNOWN\n"
        )
        for device in range(gpus):
            (folder / f"dev/{node}-gpu{device}").symlink_to("/dev/null")
        if gpus:
            files = f"{folder}/dev/{node}-gpu[0-{gpus - 1}]"
            devices.append(f"NodeName={node} Name=gpu Type=fake File={files}\n")
    # The node without GPUs comes first, by its weight; the other takes over when it fails.
    lines.append("PartitionName=cpu Nodes=c1,g1 Default=YES MaxTime=2-00:00:00 State=UP\n")
    lines.append("PartitionName=gpu Nodes=g1 MaxTime=2-00:00:00 State=UP\n")
    (folder / "slurm.conf").write_text("".join(lines))
    (folder / "gres.conf").write_text("".join(devices))
    (folder / "plugstack.conf").write_text("")
    # slurmd loads a plugin for control groups even if nothing uses it; this one stays idle.
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
