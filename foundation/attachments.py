"""Files of people: attached ones with their allowed types and sizes, and large ones that are received on disk."""

import base64
import binascii
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

from litestar import Request, Response
from msgspec import Meta

from foundation.messages import Message
from foundation.problems import INVALID, Problem

FILES_MAX = 5
BODY_MAX = 4_000_000
"""Three megabytes of files, as base64."""

MAGIC = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""Magic numbers of the allowed types."""


class NewFile(Message):
    """A PDF, PNG or JPEG file."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    content: Annotated[str, Meta(min_length=8, max_length=1_400_000, description="Base64.")]


NewFiles = Annotated[list[NewFile], Meta(max_length=FILES_MAX)]


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attached file."""

    name: str
    content: bytes

    @property
    def media_type(self) -> str:
        """The media type by magic number. Raises Problem(INVALID) for anything but PDF, PNG and JPEG."""
        for begins, media_type in MAGIC.items():
            if self.content.startswith(begins):
                return media_type
        raise Problem(INVALID, "attachment.wrong_type")


def read_files(given: Iterable[NewFile]) -> list[Attachment]:
    """Decode the files of a message. Raises Problem(INVALID)."""
    try:
        return [Attachment(file.name, base64.b64decode(file.content, validate=True)) for file in given]
    except binascii.Error:
        raise Problem(INVALID, "attachment.not_base64") from None


def digests(files: Iterable[Attachment]) -> list[str]:
    """SHA-256 of each file, for the audit log."""
    return [hashlib.sha256(file.content).hexdigest() for file in files]


def to_save(stem: str, media_type: str, content: bytes) -> Response[bytes]:
    """A download: the browser saves it and never renders it as a page."""
    headers = {
        "content-disposition": f'attachment; filename="{stem}.{media_type.rpartition("/")[2]}"',
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """The body of a request as a file on disk, for as long as the request lasts; ``sha256`` in hexadecimal."""

    path: Path
    size: int
    sha256: str


@asynccontextmanager
async def received(request: Request[Any, Any, Any]) -> AsyncIterator[ReceivedFile]:
    """Receive a large body piece by piece: a worker never holds it in memory. The route limits its size (413)."""
    digest, size = hashlib.sha256(), 0
    with NamedTemporaryFile(prefix="onecard-") as file:
        async for piece in request.stream():
            size += len(piece)
            digest.update(piece)
            file.write(piece)
        file.flush()
        yield ReceivedFile(Path(file.name), size, digest.hexdigest())
