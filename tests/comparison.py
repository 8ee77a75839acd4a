"""The same messages to two centres, in an order that nobody chose: what each answers."""

import random
from collections.abc import Callable

from msgspec import to_builtins

from conformance.bench import Bench
from conformance.wire import Sent
from terminals.devices import SoftwareCard

STEPS = range(300)
AHEAD_S = 240
"""Of purchases: so that none is late at one centre and not at the other, however slow one of them is."""


def answers(bench: Bench, chance: random.Random, step: Callable[[], None] = lambda: None) -> list[str]:
    """What a centre answers, without amounts: its prices are its own. ``step``: called before each message."""
    till, found, sent = bench.till, [], dict[int, Sent]()
    meal, _, _ = bench.fixed_meal
    opened_at = till.now()
    issued = [SoftwareCard.personalised(to_builtins(one)) for one in bench.kit.cards["home"][:25]]
    for _ in STEPS:
        step()
        # Three counters, of which one bars another: a region lets nobody eat more than four times.
        number, card, counter = chance.randint(1, 200), chance.choice(issued), chance.choice([1, 2, 300])
        what = chance.random()
        if what < 0.25 and number in sent:
            # Signed again: as a terminal repeats it, with the time of now.
            message = till.in_session("POST", sent[number].path, sent[number].body, number)
        elif what < 0.5:
            message = till.void(chance.randint(1, number), number)
        elif what < 0.6:
            opening = {"cashier": chance.choice("ab"), "drawer": "1", "opened_at": opened_at}
            message = till.in_session("POST", "/terminal/shifts", opening, number)
        else:
            message = till.charge(
                till.tapped(card, number, till.paying(meal, purchased_at=opened_at + AHEAD_S), counter=counter), number
            )
        sent.setdefault(number, message)
        came = bench.line.ask(message)
        said = came.document
        kind = [said[name] for name in ("outcome", "reason") if name in said] or [str(came.status), came.slug]
        gave_back = ["gave back"] if said.get("reversed_fen") else []
        found.append(" ".join([*kind, *gave_back]))
    listed = till.in_session("GET", f"/terminal/requests/{till.open_session.epoch}/1/999")
    for one in bench.line.ask(listed).document["requests"]:
        found.append(" ".join(str(one.get(name)) for name in ("sequence", "operation", "outcome", "reason")))
    return found
