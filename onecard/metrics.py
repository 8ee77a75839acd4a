"""Prometheus metrics. Each worker writes its own to a file every second; `/metrics` adds the files up.

The library's own way for several processes maps files into memory, and a full disk ends a process that touches such a
page (SIGBUS). Here a full disk makes the figures of the other workers old, and nothing else.
"""

import asyncio
import os
import time
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from clearing.states import DifferenceKind
from settlement.charging import ChargeOrder, Remembered

log = structlog.get_logger()

# They describe one process, and no sum of them means anything.
for _collector in (GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR):
    REGISTRY.unregister(_collector)
disable_created_metrics()  # type: ignore[no-untyped-call]

ANSWERS = Counter("onecard_charge_answers_total", "Answers to charges.", ["channel", "outcome", "reason"])
AMOUNT = Counter("onecard_charged_fen_total", "Money charged, in fen.", ["channel"])
BATCH = Histogram("onecard_charge_batch_size", "Charges in one statement.", buckets=(1, 2, 4, 8, 16, 32, 64, 128))
QUEUE = Gauge("onecard_charge_queue", "Charges waiting.")
OLDEST = Gauge("onecard_charge_oldest_seconds", "How long the oldest charge has been under way, in seconds.")
READY = Gauge("onecard_workers_ready", "Workers in which a payment would succeed.")

DIFFERENCES = Gauge("onecard_differences", "Open differences of reconciliation.", ["kind"])
DIFFERENCES_FEN = Gauge("onecard_differences_fen", "Amount of the open differences, in fen.", ["kind"])
DIFFERENCES_AGE = Gauge("onecard_differences_oldest_seconds", "Age of the oldest difference, in seconds.", ["kind"])
TERMINALS_LATE = Gauge("onecard_terminals_late", "Terminals in use that are late with the renewal of their key.")
JOBS_SILENT = Gauge("onecard_job_runner_silent_seconds", "Seconds since the job runner's last heartbeat.")
DAY_LATE = Gauge("onecard_day_late_seconds", "Seconds since the cut-off of a business day that is still open.")

_OF_ALL_WORKERS: dict[str, Callable[[Iterable[float]], float]] = {
    "onecard_charge_queue": sum,
    "onecard_charge_oldest_seconds": max,
    "onecard_workers_ready": sum,
}
"""Gauges of which each worker has its own; the others are the same for all, and the answering worker's are shown."""

WRITE_EVERY_S = 1.0

FRESH_FOR_S = 10.0
"""A worker whose file is older has ended, or cannot write: its gauges mean nothing now. Its counters still count."""


def show_differences(rows: Iterable[Mapping[str, Any]]) -> None:
    """Set the gauges of open differences; a kind without any is set to 0, so that an alarm can end."""
    found = {row["kind"]: row for row in rows}
    for kind in DifferenceKind:
        row = found.get(kind, {"differences": 0, "amount_fen": 0, "oldest_s": 0})
        DIFFERENCES.labels(kind).set(row["differences"])
        DIFFERENCES_FEN.labels(kind).set(row["amount_fen"])
        DIFFERENCES_AGE.labels(kind).set(row["oldest_s"])


def count_batch(batch: list[tuple[ChargeOrder, Remembered]], waiting: int) -> None:
    """Count one answered batch, and the charges that still wait."""
    BATCH.observe(len(batch))
    QUEUE.set(waiting)
    answers = Tally((order.channel, answer.outcome, answer.refusal or "") for order, answer in batch)
    for labels, count in answers.items():
        ANSWERS.labels(*labels).inc(count)
    for channel in {channel for channel, _, _ in answers}:
        paid = (a.amount_fen for o, a in batch if o.channel == channel and a.fresh and a.outcome == "approved")
        AMOUNT.labels(channel).inc(sum(paid))


async def write(folder: Path, refresh: Callable[[], None]) -> None:
    """Write this worker's metrics to its file every ``WRITE_EVERY_S``, until cancelled. ``refresh`` sets the gauges."""
    file = folder / f"{os.getpid()}.prom"
    while True:
        refresh()
        try:
            # In a thread: a disk that hangs must not hold up a payment.
            await asyncio.to_thread(_replace, file, generate_latest())
        except OSError as error:
            log.warning("metrics_not_written", error=repr(error))
        await asyncio.sleep(WRITE_EVERY_S)


def _replace(file: Path, content: bytes) -> None:
    new = file.with_suffix(".new")
    new.write_bytes(content)
    new.replace(file)


def exposition(folder: Path) -> bytes:
    """The metrics of all workers in the Prometheus text format."""
    together = _Together()
    together.add(generate_latest().decode(), own=True, fresh=True)
    for file in folder.glob("*.prom"):
        if file.stem != str(os.getpid()):
            together.add(file.read_text(), own=False, fresh=time.time() - file.stat().st_mtime < FRESH_FOR_S)
    registry = CollectorRegistry()
    registry.register(together)
    return generate_latest(registry)


Key = tuple[str, tuple[tuple[str, str], ...]]
"""A sample's name and labels."""


class _Together(Collector):
    """The metrics of several workers as one."""

    def __init__(self) -> None:
        self._families: dict[str, Metric] = {}
        self._values: dict[str, dict[Key, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, text: str, *, own: bool, fresh: bool) -> None:
        """Add what one worker wrote."""
        for family in text_string_to_metric_families(text):
            if family.type == "gauge" and not own and not (fresh and family.name in _OF_ALL_WORKERS):
                continue
            self._families.setdefault(family.name, family)
            for sample in family.samples:
                self._values[family.name][sample.name, tuple(sample.labels.items())].append(sample.value)

    def collect(self) -> Iterator[Metric]:
        """Each family once, with the values of all workers."""
        for name, family in self._families.items():
            total = Metric(name, family.documentation, family.type)
            for (sample, labels), values in self._values[name].items():
                total.add_sample(sample, dict(labels), _OF_ALL_WORKERS.get(name, sum)(values))
            yield total
