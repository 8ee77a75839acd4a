"""Wire types that all packages share: numbers, texts, amounts, and the base of messages."""

from typing import Annotated, Any

from litestar.params import Parameter
from msgspec import Meta, Struct

Number = Annotated[int, Meta(ge=1, le=2**53 - 1, examples=[1042])]
NumberInPath = Annotated[int, Parameter(ge=0, le=2**53 - 1)]
SmallNumberInPath = Annotated[int, Parameter(ge=0, le=2**31 - 1)]
"""A number whose column has 32 bits: a region's code, a position in a list."""
ShortText = Annotated[str, Meta(min_length=1, max_length=100)]
LongText = Annotated[str, Meta(min_length=1, max_length=2000)]
Fen = Annotated[int, Meta(description="Money in fen (1 yuan = 100 fen).", examples=[1500])]


def form(name: str, pattern: str | None = None, **more: Any) -> Meta:
    """A text that a pattern matches as a whole, or a number with bounds; ``form.<name>`` tells people what is allowed.

    The pattern has no anchors of its own. ``$`` alone would let a newline at the end through (Python), and ``\\Z``
    means the letter Z to readers of our OpenAPI document (ECMA-262): ``$(?!\\n)`` is the end in both.
    """
    whole = None if pattern is None else f"^(?:{pattern})$(?!\\n)"
    return Meta(pattern=whole, extra={"form": f"form.{name}"}, **more)


BULK_MAX = 1000
"""Items in one bulk message: about 100 KiB, well under the limit of a body."""


class Message(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A request body. Unknown members are errors, so that a misspelt one is not silently ignored.

    Defaults are omitted when it is encoded again (see ``foundation.strict_json.TypedReader``).
    """


class Numbered(Struct):
    """The number of the new record."""

    number: int
