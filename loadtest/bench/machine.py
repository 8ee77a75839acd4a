"""What a process tree uses of the machine, read from /proc (Linux)."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its command line, processor time in seconds, memory now and at its peak in MB."""

    pid: int
    parent: int
    command: str
    cpu_s: float
    rss_mb: float
    peak_mb: float


def _process(folder: Path) -> Process | None:
    try:
        fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        command = (folder / "cmdline").read_text().replace("\0", " ")
        status = (folder / "status").read_text()
    except OSError:
        return None
    cpu_s = (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND
    return Process(int(folder.name), int(fields[1]), command, cpu_s, _mb(status, "VmRSS"), _mb(status, "VmHWM"))


def _mb(status: str, name: str) -> float:
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(name)), 0.0)


def family(root: int) -> list[Process]:
    """A process and all its descendants."""
    running = [p for folder in Path("/proc").glob("[0-9]*") if (p := _process(folder)) is not None]
    known = {root}
    while True:
        more = {p.pid for p in running if p.parent in known} - known
        if not more:
            return [p for p in running if p.pid in known]
        known |= more


def cpu_by_part(processes: list[Process]) -> dict[str, float]:
    """Processor seconds of the API workers, of PostgreSQL, and of the rest."""
    used = {"workers": 0.0, "postgresql": 0.0, "rest": 0.0}
    workers = {p.pid for p in _workers(processes)}
    for process in processes:
        part = "postgresql" if "postgres" in process.command else "workers" if process.pid in workers else "rest"
        used[part] += process.cpu_s
    return used


def _workers(processes: list[Process]) -> list[Process]:
    """The API workers: children of the server. Their own children, and those of the job runner, do other work."""
    spawned = {p.pid: p for p in processes if "multiprocessing.spawn" in p.command}
    elsewhere = spawned.keys() | {p.pid for p in processes if " jobs" in p.command}
    return [p for p in spawned.values() if p.parent not in elsewhere]


def worker_peak_mb(processes: list[Process]) -> float:
    """The peak memory of the largest API worker."""
    return max(p.peak_mb for p in _workers(processes))


def worker_rss_mb(processes: list[Process]) -> float:
    """The memory of the largest API worker now."""
    return max(p.rss_mb for p in _workers(processes))
