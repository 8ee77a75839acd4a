"""Wire types that all packages share: numbers, texts, amounts, and the base of messages."""

from typing import Annotated, Any

from litestar.params import Parameter
from msgspec import Meta, Struct

Number = Annotated[int, Meta(ge=1, le=2**53 - 1, examples=[1042])]
NumberInPath = Annotated[int, Parameter(ge=0, le=2**53 - 1)]
ShortText = Annotated[str, Meta(min_length=1, max_length=100)]
LongText = Annotated[str, Meta(min_length=1, max_length=2000)]
Fen = Annotated[int, Meta(description="Money in fen (1 yuan = 100 fen).", examples=[1500])]


def form(name: str, pattern: str | None = None, **more: Any) -> Meta:
    """A text with a pattern, or a number with bounds; the message ``form.<name>`` tells people what is allowed."""
    return Meta(pattern=pattern, extra={"form": f"form.{name}"}, **more)


BULK_MAX = 1000
"""Items in one bulk message: about 100 KiB, well under the limit of a body."""


class Message(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A request body. Unknown members are errors, so that a misspelt one is not silently ignored.

    Defaults are omitted when it is encoded again (see ``foundation.strict_json.TypedReader``).
    """


class Numbered(Struct):
    """The number of the new record."""

    number: int
