"""The least that the web stack can do: a trivial JSON POST on the same server and framework, to compare with."""

from litestar import Litestar, post
from msgspec import Struct


class Said(Struct):
    """What is sent, and comes back."""

    meal: str
    amount_fen: int


@post("/echo", status_code=200)
async def echo(data: Said) -> Said:
    """Say it again."""
    return data


app = Litestar([echo])
