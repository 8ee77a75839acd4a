"""Wire types of single sign-on and identities."""

from typing import Annotated

from msgspec import Meta, Struct

from foundation.messages import Message, Number, line

ProviderName = Annotated[str, Meta(min_length=1, max_length=30, examples=["work-app"])]


class ProviderShown(Struct):
    """A provider at which people sign on. ``proves``: it can also show that somebody is still at the screen."""

    name: str
    title_zh: str
    title_en: str
    proves: bool


class Started(Struct):
    """Where the browser goes now."""

    url: str


class CameBack(Message):
    """What the provider gave the browser: ``code`` and ``state`` of the address, and ``iss`` where it has one."""

    code: Annotated[str, Meta(min_length=1, max_length=2_000, examples=["f3a0…"])]
    state: Annotated[str, Meta(min_length=1, max_length=200, examples=["q0Zx…"])]
    iss: Annotated[str, Meta(min_length=1, max_length=500)] | None = None


class SeenIdentity(Message):
    """What is confirmed, as it was shown: who it is in the directory, and whose the user or official is here."""

    subject: Annotated[str, line(255, examples=["GE_0cde45ff"])]
    agency_id: Number | None = None


class NewIdentity(Message):
    """Who a person of a directory is here: a console user, or an official."""

    provider: ProviderName
    subject: Annotated[str, line(255, examples=["GE_0cde45ff"])]
    user_id: Number | None = None
    holder_id: Number | None = None
