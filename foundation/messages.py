"""Wire types that every package uses: numbers, texts, amounts, and what all messages have in common."""

from typing import Annotated, Any

from litestar.params import Parameter
from msgspec import Meta, Struct

Number = Annotated[int, Meta(ge=1, le=2**53 - 1, examples=[1042])]
NumberInPath = Annotated[int, Parameter(ge=0, le=2**53 - 1)]
ShortText = Annotated[str, Meta(min_length=1, max_length=100)]
LongText = Annotated[str, Meta(min_length=1, max_length=2000)]
Fen = Annotated[int, Meta(description="Money in fen (1 yuan = 100 fen).", examples=[1500])]


def form(name: str, pattern: str, **more: Any) -> Meta:
    """A text of a form: ``pattern`` is for machines, the message ``form.<name>`` says to people what is allowed."""
    return Meta(pattern=pattern, extra={"form": f"form.{name}"}, **more)


BULK_MAX = 1000
"""Items in one bulk message: about 100 KiB, well under the limit of a body."""


class Message(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A message from outside: an unknown member is an error, so that a misspelt one cannot be lost.

    Encoded again it is what a terse sender would have sent (``foundation.strict_json.TypedReader``).
    """


class Numbered(Struct):
    """The number of what was made."""

    number: int
