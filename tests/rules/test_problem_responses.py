"""Which problem an exception becomes."""

import asyncpg
import pytest
import sqlalchemy.exc

from foundation.problem_responses import problem_of
from foundation.problems import INTERNAL, UNAVAILABLE


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        asyncpg.DeadlockDetectedError("x"),
        asyncpg.LockNotAvailableError("x"),
        sqlalchemy.exc.TimeoutError("no free connection in the pool"),
    ],
)
def test_what_may_be_tried_again_is_unavailable(error: Exception) -> None:
    assert problem_of(error).kind is UNAVAILABLE


def test_anything_unforeseen_is_internal() -> None:
    assert problem_of(ValueError("x")).kind is INTERNAL
