"""Wire types that all packages share: numbers, texts, amounts, and the base of messages."""

from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qs

from litestar.params import Parameter
from msgspec import Meta, Struct

from foundation.problems import INVALID, Problem

FORM_FIELDS_MAX = 10

Number = Annotated[int, Meta(ge=1, le=2**53 - 1, examples=[1042])]
NumberInPath = Annotated[int, Parameter(ge=0, le=2**53 - 1)]
SmallNumberInPath = Annotated[int, Parameter(ge=0, le=2**31 - 1)]
"""A number whose column has 32 bits: a region's code, a position in a list."""
Fen = Annotated[int, Meta(description="Money in fen (1 yuan = 100 fen).", examples=[1500])]


def form(name: str, pattern: str | None = None, **more: Any) -> Meta:
    """A text that a pattern matches as a whole, or a number with bounds; ``form.<name>`` tells people what is allowed.

    The pattern has no anchors of its own. ``$`` alone would let a newline at the end through (Python), and ``\\Z``
    means the letter Z to readers of our OpenAPI document (ECMA-262): ``$(?!\\n)`` is the end in both.
    """
    return Meta(pattern=None if pattern is None else _whole(pattern), extra={"form": f"form.{name}"}, **more)


def as_parameter(pattern: str, **more: Any) -> Any:
    """The same pattern once more where the text stands in a path or query: the framework reads no ``Meta`` there."""
    return Parameter(pattern=_whole(pattern), **more)


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$(?!\\n)"


_HIDDEN_BEYOND = (
    (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0xE0000, 0xE00FF), (0xE01F0, 0xE0FFF),
)  # fmt: skip
_HIDDEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2"
    r"\u2028-\u202e\u2060-\u206f\u2800\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\uffff"
    + "".join(f"{chr(first)}-{chr(last)}" for first, last in _HIDDEN_BEYOND)
)
"""Control characters, and marks that are not seen or turn the direction of text: what is read must be what is there."""

_BREAKS = r"\t\n\r"
_SEEN = rf"[^\s\ufe00-\ufe0f{chr(0xE0100)}-{chr(0xE01EF)}{_HIDDEN}]"
"""Variation selectors are seen only with the character before them."""

VISIBLE = rf"[^{_HIDDEN}]*{_SEEN}[^{_HIDDEN}]*"
"""A text in which people see something, and everything."""

VISIBLE_LINE = rf"[^{_BREAKS}{_HIDDEN}]*{_SEEN}[^{_BREAKS}{_HIDDEN}]*"


def line(most: int, **more: Any) -> Meta:
    """A text of one line, such as a name, of at most so many characters."""
    return Meta(min_length=1, max_length=most, pattern=_whole(VISIBLE_LINE), extra={"text": "value.not_a_line"}, **more)


def text(most: int, **more: Any) -> Meta:
    """A text for people, of at most so many characters; ``value.not_visible`` tells them what is wrong with another."""
    return Meta(min_length=1, max_length=most, pattern=_whole(VISIBLE), extra={"text": "value.not_visible"}, **more)


def text_or_none(most: int, **more: Any) -> Meta:
    """The same, or an empty text."""
    return Meta(max_length=most, pattern=_whole(f"(?:{VISIBLE})?"), extra={"text": "value.not_visible"}, **more)


ShortText = Annotated[str, line(100)]
LongText = Annotated[str, text(2000)]

BULK_MAX = 1000
"""Items in one bulk message: about 100 KiB, well under the limit of a body."""


class Message(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A request body. Unknown members are errors, so that a misspelt one is not silently ignored.

    Defaults are omitted when it is encoded again (see ``foundation.strict_json.TypedReader``).
    """

    nulls: ClassVar[bool] = True
    """Whether a member without a value may be null, or can only be left out."""


class DeviceMessage(Message):
    """A request of a device, which it signs: what it says has one spelling, so a member without a value is left out."""

    nulls: ClassVar[bool] = False


class Numbered(Struct):
    """The number of the new record."""

    number: int


def read_form(body: bytes) -> dict[str, list[str]]:
    """The fields of a form (``application/x-www-form-urlencoded``); raises Problem(INVALID) for too many."""
    try:
        return parse_qs(body.decode(errors="replace"), max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        raise Problem(INVALID, "message.too_many_fields", most=FORM_FIELDS_MAX) from None
