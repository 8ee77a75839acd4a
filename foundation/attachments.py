"""Files that people attach to what they say: what may be attached, and how it comes and goes over HTTP."""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from litestar import Response
from msgspec import Meta

from foundation.messages import Message
from foundation.problems import INVALID, Problem

FILES_MAX = 5
BODY_MAX = 4_000_000
"""Three megabytes of files, as base64."""

MAGIC = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""How the files that may be attached begin."""


class NewFile(Message):
    """A PDF, PNG or JPEG file."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    content: Annotated[str, Meta(min_length=8, max_length=1_400_000, description="Base64.")]


NewFiles = Annotated[list[NewFile], Meta(max_length=FILES_MAX)]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with what somebody says."""

    name: str
    content: bytes

    @property
    def media_type(self) -> str:
        """What the file is, by how it begins. Raises Problem(INVALID) for anything but PDF, PNG and JPEG."""
        for begins, media_type in MAGIC.items():
            if self.content.startswith(begins):
                return media_type
        raise Problem(INVALID, "an attachment is a PDF, PNG or JPEG file")


def read_files(given: Iterable[NewFile]) -> list[Attachment]:
    """The files of a message. Raises Problem(INVALID)."""
    try:
        return [Attachment(file.name, base64.b64decode(file.content, validate=True)) for file in given]
    except binascii.Error:
        raise Problem(INVALID, "the content of an attachment is base64") from None


def digests(files: Iterable[Attachment]) -> list[str]:
    """SHA-256 of each file, for the audit log."""
    return [hashlib.sha256(file.content).hexdigest() for file in files]


def to_save(stem: str, media_type: str, content: bytes) -> Response[bytes]:
    """An answer that a browser saves and never shows as a page of ours."""
    headers = {
        "content-disposition": f'attachment; filename="{stem}.{media_type.rpartition("/")[2]}"',
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)
