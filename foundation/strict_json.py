"""Strict decoding of JSON and CBOR: untrusted bytes become typed values or a 400.

The decoders of the stack are too lax for payments: the last of two equal keys wins, an array of 100,000 levels ends in
a 500, ``\\u0000`` is accepted and then fails in PostgreSQL, integers have no limit.
"""

import json
import re
from collections.abc import AsyncGenerator
from typing import Any, Generic, TypeVar

import cbor2
import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import InternalServerException

from foundation.messages import Message
from foundation.problems import INCOMPLETE, MALFORMED, Problem
from foundation.validation import NO_TIME_OF_DAY, refusal_of, steps_of

DEPTH_MAX = 16
"""Levels of nesting; the deepest message has five."""

_CBOR_TYPES = frozenset({int, str, bytes, type(None)})

_HOUR_AND_MINUTE = re.compile(r"[0-9]{2}:[0-5][0-9]")

T = TypeVar("T")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Problem(MALFORMED, "json.same_key_twice")
    return members


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > 19:
        raise Problem(MALFORMED, "json.integer_too_long")
    return int(digits)


def _no_constant(name: str) -> Any:
    raise Problem(MALFORMED, "json.constant", constant=name)


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_integer, parse_constant=_no_constant, strict=True)


def read_json(body: bytes) -> Any:
    """Parse one JSON text (RFC 8259) strictly.

    Raises Problem(MALFORMED) for no bytes, invalid UTF-8, nesting deeper than ``DEPTH_MAX``, an object with equal
    keys, NUL or a lone surrogate in a text, an integer of more than 19 digits, NaN and infinities.
    """
    if not body:
        raise Problem(MALFORMED, "json.empty")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Problem(MALFORMED, "json.not_utf8") from None
    if text.count("[") + text.count("{") > DEPTH_MAX:
        _check_depth(text)
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise Problem(MALFORMED, "json.not_json", position=error.pos) from None
    if "\\u" in text:
        _check_escapes(value)
    return value


def _check_depth(text: str) -> None:
    depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise Problem(MALFORMED, "json.too_deep", most=DEPTH_MAX)
        elif character in "]}":
            depth -= 1


def _check_escapes(value: Any) -> None:
    if isinstance(value, str):
        if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
            raise Problem(MALFORMED, "json.text_not_allowed")
    elif isinstance(value, dict):
        for key, member in value.items():
            _check_escapes(key)
            _check_escapes(member)
    elif isinstance(value, list):
        for member in value:
            _check_escapes(member)


def as_type(value: Any, wanted: type[T]) -> T:
    """Convert a parsed value to a wire type; raises Problem(INVALID) that names the invalid member."""
    of_device = isinstance(wanted, type) and issubclass(wanted, Message) and not wanted.nulls
    if of_device:
        _refuse_null(value, wanted)
    try:
        message = _converted(value, wanted)
    except msgspec.ValidationError as error:
        raise refusal_of(error, wanted) from None
    if of_device:
        _refuse_other_spelling(value, msgspec.to_builtins(message), wanted)
    return message


def _converted(value: Any, wanted: type[T]) -> T:
    """The value as its type. A time of day may be written without seconds (``11:30``), as our files write it."""
    while True:
        try:
            return msgspec.convert(value, wanted, strict=True)
        except msgspec.ValidationError as error:
            if not _add_seconds(value, str(error)):
                raise


def _add_seconds(value: Any, error: str) -> bool:
    """Complete the time of day that an error is about; whether it was one without seconds."""
    steps = steps_of(error) if error.startswith(NO_TIME_OF_DAY) else []
    if not steps:
        return False
    *way, last = steps
    for step in way:
        value = value[step]
    is_short = _HOUR_AND_MINUTE.fullmatch(value[last]) is not None
    if is_short:
        value[last] += ":00"
    return is_short


def _refuse_null(value: Any, wanted: Any, at: str = "$") -> None:
    if value is None:
        raise refusal_of(f"Null is not allowed - at `{at}`", wanted)
    if isinstance(value, dict):
        for name, member in value.items():
            _refuse_null(member, wanted, f"{at}.{name}")
    elif isinstance(value, list):
        for place, member in enumerate(value):
            _refuse_null(member, wanted, f"{at}[{place}]")


def _refuse_other_spelling(value: Any, read: Any, wanted: Any, at: str = "$") -> None:
    """Raise Problem(INVALID) for a number (UUID) that is not written as it is printed; upper case is allowed."""
    if isinstance(value, dict):
        for name in value.keys() & read.keys():
            _refuse_other_spelling(value[name], read[name], wanted, f"{at}.{name}")
    elif isinstance(value, list):
        for place, (member, other) in enumerate(zip(value, read, strict=True)):
            _refuse_other_spelling(member, other, wanted, f"{at}[{place}]")
    elif isinstance(value, str) and value.lower() != read.lower():
        raise refusal_of(f"Invalid UUID - at `{at}`", wanted)


class TypedReader(Generic[T]):
    """Reads messages of one type, as strictly as ``read_json`` and ``as_type`` do, and three times as fast.

    msgspec decodes straight into the type and refuses all that ``read_json`` does, but for equal keys and escapes. A
    body without escapes is known to have neither when it is what its message encodes to, or has just the quotation
    marks that the decoded members need. Any other takes the slow way (an equal key, a null, an escape); so does one
    that is wrong, so that the words of the refusal are the same.
    """

    def __init__(self, wanted: type[T]) -> None:
        self._wanted = wanted
        self._decoder = msgspec.json.Decoder(wanted)
        self._encode = msgspec.json.Encoder().encode

    def read(self, body: bytes) -> T:
        """One message; raises Problem MALFORMED or INVALID."""
        if b"\\" not in body:
            try:
                message = self._decoder.decode(body)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                pass
            else:
                if self._encode(message) == body or body.count(b'"') == _quotation_marks(message):
                    return message
        return as_type(read_json(body), self._wanted)


def _quotation_marks(message: Any) -> int:
    marks = 0
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if value is None:
            continue
        marks += 2
        # Members of a StrEnum are texts, too, but their type is not ``str``.
        if isinstance(value, str):
            marks += 2
        elif isinstance(value, msgspec.Struct):
            marks += _quotation_marks(value)
        elif isinstance(value, list):
            marks += sum(map(_quotation_marks, value))
    return marks


def read_cbor(data: bytes, size_max: int, *, booleans: bool = False) -> Any:
    """Parse one deterministically encoded CBOR item (RFC 8949 section 4.2) that fills ``data``.

    Only integers, texts, byte strings, null, arrays and maps are read: Python takes ``true`` for 1 and ``1.0`` for 1,
    as a value and as a key. ``booleans``: read these as well, for who looks at their type.

    Raises Problem(MALFORMED) for anything else: longer than ``size_max`` bytes, equal map keys, other
    encodings of the same value, indefinite lengths, bytes left over, nesting that exhausts the decoder.
    """
    if not 0 < len(data) <= size_max:
        raise Problem(MALFORMED, "cbor.size", most=size_max)
    try:
        value = cbor2.loads(data)
        same = cbor2.dumps(value, canonical=True) == data
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError, EOFError, MemoryError):
        raise Problem(MALFORMED, "cbor.not_cbor") from None
    if not same:
        raise Problem(MALFORMED, "cbor.not_deterministic")
    _check_types(value, booleans=booleans)
    return value


def _check_types(value: Any, *, booleans: bool) -> None:
    if type(value) is list:
        for member in value:
            _check_types(member, booleans=booleans)
    elif type(value) is dict:
        for key, member in value.items():
            _check_types(key, booleans=booleans)
            _check_types(member, booleans=booleans)
    elif type(value) not in _CBOR_TYPES and not (booleans and type(value) is bool):
        raise Problem(MALFORMED, "cbor.type_not_allowed")


class StrictRequest(Request[Any, Any, State]):
    """A request whose JSON body is decoded strictly."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body in pieces; raises Problem(INCOMPLETE) when the client goes away before its end."""
        try:
            async for piece in super().stream():
                yield piece
        except InternalServerException:
            # The framework's word for it, which would be an error of ours in the log.
            raise Problem(INCOMPLETE) from None

    async def json(self) -> Any:
        """The body, parsed by ``read_json`` and converted to the type that the route's ``data`` has.

        Converted here because Litestar's own conversion is lax: it would take ``"1500"`` for an amount.
        """
        value = read_json(await self.body())
        wanted = self.route_handler.parsed_data_field
        return value if wanted is None else as_type(value, wanted.annotation)
