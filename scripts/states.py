"""Write docs/states.md: the state diagrams, drawn from the tables that the code goes by.

Usage: .venv/bin/python -m scripts.states   (`make docs`; tests/rules/test_generated_docs.py compares)
"""

from collections.abc import Iterator
from pathlib import Path

from clearing import closing, disputes
from waste.supervision import cases

TARGET = Path(__file__).parents[1] / "docs" / "states.md"

Arrow = tuple[str, str, str]
"""From a state, to a state, by an action."""


def cycle_arrows() -> Iterator[Arrow]:
    """A clearing cycle: what takes it from state to state is the same job, so the arrows have no names."""
    return ((str(state), str(following), "") for state, following in closing.TRANSITIONS.items())


def dispute_arrows() -> Iterator[Arrow]:
    """A dispute."""
    for action, (states, following) in disputes.TRANSITIONS.items():
        for state in sorted(states):
            yield from ((str(state), str(one), action) for one in following)


def case_arrows() -> Iterator[Arrow]:
    """A rectification case."""
    for action, (states, following) in cases.TRANSITIONS.items():
        yield from ((str(state), str(following), str(action)) for state in sorted(states))


DIAGRAMS = (
    ("Clearing cycle", "clearing/closing.py", "TRANSITIONS", cycle_arrows),
    ("Dispute", "clearing/disputes.py", "TRANSITIONS", dispute_arrows),
    ("Rectification case", "waste/supervision/cases.py", "TRANSITIONS", case_arrows),
)


def diagram(arrows: list[Arrow]) -> str:
    """Arrows in Mermaid's notation. What nothing leads to begins, what leads nowhere ends."""
    sources, targets = {arrow[0] for arrow in arrows}, {arrow[1] for arrow in arrows}
    # A state that can be reached again also begins: the first one named.
    first = [state for state in dict.fromkeys(arrow[0] for arrow in arrows) if state not in targets] or [arrows[0][0]]
    lines = [f"    [*] --> {state}" for state in first]
    lines += [f"    {source} --> {target}{f': {action}' if action else ''}" for source, target, action in arrows]
    lines += [f"    {state} --> [*]" for state in sorted(targets - sources)]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def page() -> str:
    """The whole document."""
    parts = [
        "# States\n\nGenerated from the tables in the code by `make docs`. What a table does not allow is refused.\n"
    ]
    for title, file, table, arrows in DIAGRAMS:
        parts.append(f"## {title}\n\n`{table}` in [{file}](../{file})\n\n{diagram(list(arrows()))}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
