"""Expensive work runs in a process aside: one piece at a time, in a bounded queue, and whatever becomes of it."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from foundation import aside
from foundation.aside import EACH_MAX, WAITING_MAX, Aside
from foundation.problems import INVALID, TOO_LARGE, UNAVAILABLE, Problem


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Aside]:
    made = Aside(tmp_path / "lock", "tests.rules.test_aside")
    yield made
    made.close()


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def give_up() -> None:
    raise Problem(INVALID, "attachment.wrong_type")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work_without_end() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0.2)
    while True:
        pass


async def test_work_runs_behind_everything_else(queue: Aside) -> None:
    assert await queue.run(niceness, caller="us") >= max(niceness(), aside.NICENESS)


async def test_a_problem_arrives_as_it_was_raised(queue: Aside) -> None:
    with pytest.raises(Problem) as told:
        await queue.run(give_up, caller="us")
    assert (told.value.kind, told.value.code) == (INVALID, "attachment.wrong_type")


async def test_a_killed_process_is_replaced(queue: Aside) -> None:
    with pytest.raises(Problem) as told:
        await queue.run(die, caller="us")
    assert told.value.kind is UNAVAILABLE
    assert await queue.run(os.getpid, caller="us") != os.getpid()


async def test_endless_work_is_ended(queue: Aside) -> None:
    with pytest.raises(Problem) as told:
        await queue.run(work_without_end, caller="us")
    assert told.value.kind is TOO_LARGE
    assert await queue.run(niceness, caller="us")


async def test_one_caller_cannot_fill_the_queue_and_all_together_cannot_grow_it(queue: Aside) -> None:
    async def hold(caller: str) -> None:
        async with queue.turn(caller):
            pass

    async with queue.turn("busy"):
        mine = [asyncio.create_task(hold("me")) for _ in range(EACH_MAX + 3)]
        await asyncio.sleep(0)
        others = [asyncio.create_task(hold(f"other-{n}")) for n in range(WAITING_MAX)]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*mine, *others, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    assert sum(outcome is None for outcome in outcomes[: len(mine)]) == EACH_MAX
    assert sum(outcome is None for outcome in outcomes) == WAITING_MAX
    assert all(problem.kind is UNAVAILABLE and problem.retry_after_s for problem in refused)


async def test_who_comes_first_does_not_wait_for_strangers(queue: Aside) -> None:
    order: list[str] = []

    async def come(name: str, *, first: bool) -> None:
        async with queue.turn(name, first=first):
            order.append(name)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(queue.turn("busy"))
        coming = [asyncio.create_task(come("stranger", first=False))]
        await asyncio.sleep(0)
        coming.append(asyncio.create_task(come("known", first=True)))
        await asyncio.sleep(0)
    await asyncio.gather(*coming)
    assert order == ["known", "stranger"]


async def test_who_gives_up_waiting_leaves_the_queue_moving(queue: Aside) -> None:
    async with queue.turn("busy"):
        waiting = asyncio.create_task(queue.run(niceness, caller="gone"))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert await queue.run(niceness, caller="us")


async def test_documents_are_made_once(queue: Aside) -> None:
    first = await queue.remembered(os.urandom, 16, caller="us")
    assert await queue.remembered(os.urandom, 16, caller="us") == first
    assert await queue.remembered(os.urandom, 17, caller="us") != first
