"""Tables of officials' own matters."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from registry.identifiers import Book, CredentialId, HolderId
from registry.models import Base, book_key, number_key


class ConsentChange(Base):
    """An official gave or withdrew a consent; the latest of a purpose holds (see ``travellers.consents``).

    ``version``: of the text that he was shown. ``credential_id``: of the phone that signed it; null in a session.
    """

    __tablename__ = "consent_change"
    __table_args__ = (Index("ix_consent_change_holder", "book", "holder_id", "purpose"),)

    book: Mapped[Book] = book_key()
    change_id: Mapped[int] = number_key()
    holder_id: Mapped[HolderId] = mapped_column(BigInteger)
    purpose: Mapped[str]
    version: Mapped[int]
    given: Mapped[bool]
    at: Mapped[datetime]
    credential_id: Mapped[CredentialId | None] = mapped_column(BigInteger)
