"""Prometheus metrics, summed over the workers."""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from clearing.states import DifferenceKind
from settlement.charging import ChargeOrder, Remembered

ANSWERS = Counter("onecard_charge_answers_total", "Answers to charges.", ["channel", "outcome", "reason"])
AMOUNT = Counter("onecard_charged_fen_total", "Money charged, in fen.", ["channel"])
BATCH = Histogram("onecard_charge_batch_size", "Charges in one statement.", buckets=(1, 2, 4, 8, 16, 32, 64, 128))
QUEUE = Gauge("onecard_charge_queue", "Charges waiting.", multiprocess_mode="livesum")


DIFFERENCES = Gauge(
    "onecard_differences", "Open differences of reconciliation.", ["kind"], multiprocess_mode="mostrecent"
)
DIFFERENCES_FEN = Gauge(
    "onecard_differences_fen", "Amount of the open differences, in fen.", ["kind"], multiprocess_mode="mostrecent"
)
DIFFERENCES_AGE = Gauge(
    "onecard_differences_oldest_seconds",
    "Age of the oldest difference, in seconds.",
    ["kind"],
    multiprocess_mode="mostrecent",
)


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


def exposition() -> bytes:
    """The metrics of all workers in the Prometheus text format."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
