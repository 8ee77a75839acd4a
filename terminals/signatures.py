"""HTTP Message Signatures (RFC 9421) with content digests (RFC 9530), in the one profile of the terminal protocol.

A request is signed over ``@method``, ``@authority``, ``@path``, ``content-digest`` and, within a session,
``onecard-request`` (epoch and sequence); a holder's own request (``travellers``) over ``@query``, too, and
``onecard-certificate``, which says whose it is. An answer is signed over ``@status``, ``content-digest``, the block
list's version and the signature of the request that it answers, so that no answer fits another request.
``hmac-sha256`` within a session,
``ed25519`` outside one; a phone may sign with ``ecdsa-p256-sha256`` (``phone_keys.py``). The parameter ``tag`` names
the edition of the protocol. The profile fixes the components and their order; anything else is refused.
"""

import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from msgspec import Struct
from nacl.bindings import crypto_core_ed25519_is_valid_point

from foundation.problems import Problem
from terminals.errors import BAD_SIGNATURE, OUT_OF_TIME, PROTOCOL_UNKNOWN

CREATED_WITHIN_S = 300
"""How far ``created`` may be from the centre's time, either way."""

PROTOCOL = 2
"""The edition of the protocol that this centre speaks."""

EDITIONS = str(PROTOCOL)
"""All editions that it speaks, for people and in ``params``: separated by commas when there is more than one."""

LABEL = "onecard"
CERTIFICATE_FIELD = f"{LABEL}-certificate"
TAG = f"{LABEL}-{PROTOCOL}"
"""The edition in the signature of every message: what one edition signs is never read as another's."""

OPENING = '("@method" "@authority" "@path" "content-digest")'
IN_SESSION = '("@method" "@authority" "@path" "content-digest" "onecard-request")'
OF_HOLDER = '("@method" "@authority" "@path" "@query" "content-digest" "onecard-certificate")'
"""Of a holder's own requests, which may read with a query and have no body."""
ANSWER = f'("@status" "content-digest" "onecard-block-list" "signature";req;key="{LABEL}")'

_PARAMETERS = re.compile(
    rf"{LABEL}=(?P<parameters>(?P<components>\([^)]{{1,200}}\))"
    r';created=(?P<created>[1-9]\d{0,11});keyid="(?P<keyid>[\x21\x23-\x5b\x5d-\x7e]{1,64})"'
    r';alg="(?P<alg>hmac-sha256|ed25519|ecdsa-p256-sha256)"(?:;tag="(?P<tag>[\x21\x23-\x5b\x5d-\x7e]{1,64})")?)'
)
_AUTHORITY = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::(?!(?:80|443)$)[1-9]\d{0,4})?", re.ASCII
)
_SIGNATURE = re.compile(rf"{LABEL}=:(?P<bytes>[A-Za-z0-9+/]{{16,128}}={{0,2}}):")

ANY_HOST: frozenset[str] = frozenset()
"""Of a centre that does not know as what it is reached."""

Signer = Callable[[bytes], bytes]
Verifier = Callable[[bytes, bytes], bool]


def content_digest(body: bytes) -> str:
    """The Content-Digest field of a body (RFC 9530), SHA-256."""
    return _digest_field(hashlib.sha256(body).digest())


def _digest_field(digest: bytes) -> str:
    return f"sha-256=:{binascii.b2a_base64(digest, newline=False).decode()}:"


def hmac_signer(key: bytes) -> Signer:
    """Sign with HMAC-SHA256 under a session key (RFC 9421 section 3.3.3). Made once per session.

    Not ``hmac.digest``: it releases the interpreter's lock each time, and in a server's worker the thread that takes
    the lock costs more than the rest of a payment. Not ``hmac.new``: half of its time is spent in Python
    (docs/performance.md).
    """
    keyed = HMAC(key, SHA256())

    def sign(base: bytes) -> bytes:
        mac = keyed.copy()
        mac.update(base)
        return mac.finalize()

    return sign


def hmac_verifier(sign: Signer) -> Verifier:
    """Check an HMAC-SHA256, in constant time."""
    return lambda base, signature: hmac.compare_digest(sign(base), signature)


def ed25519_signer(key: Ed25519PrivateKey) -> Signer:
    """Sign with Ed25519 (RFC 9421 section 3.3.6)."""
    return key.sign


def is_signing_key(public_key: bytes) -> bool:
    """Whether somebody must know a private key to sign under it: canonical, on the main subgroup, of no small order."""
    return len(public_key) == 32 and crypto_core_ed25519_is_valid_point(public_key)


def ed25519_verifier(public_key: bytes) -> Verifier:
    """Check an Ed25519 signature under a raw 32-byte public key; nothing fits a key that is no ``is_signing_key``."""

    def verify(base: bytes, signature: bytes) -> bool:
        if not is_signing_key(public_key):
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, base)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


class SignedRequest(Struct, frozen=True, gc=False):
    """The signed parts of a request, before its signature is checked."""

    method: str
    authority: str
    """The Host field."""
    path: str
    digest: str
    """The Content-Digest field, already compared with the body."""
    body_digest: bytes
    """The SHA-256 of the body."""
    request_id: str
    """The Onecard-Request field, empty outside sessions."""
    parameters: str
    """The signature parameters as they were sent: they are signed in this form (RFC 9421 section 2.3)."""
    created: int
    key_id: str
    algorithm: str
    signature: bytes
    signature_text: str
    """The same in base64, as it was sent: an answer signs it."""
    query: str = ""
    """Of a holder's request: its query with the question mark, which stands there without a query, too."""
    certificate: str = ""
    """Of a holder's request: the Onecard-Certificate field."""

    def base(self) -> bytes:
        """The signature base (RFC 9421 section 2.5)."""
        return _request_base(
            self.method, self.authority, self.path, self.digest, self.request_id, self.parameters, self.query,
            self.certificate,
        )  # fmt: skip


def _parameters(components: str, created: int, key_id: str, algorithm: str) -> str:
    return f'{components};created={created};keyid="{key_id}";alg="{algorithm}";tag="{TAG}"'


def _request_base(
    method: str,
    authority: str,
    path: str,
    digest: str,
    request_id: str,
    parameters: str,
    query: str = "",
    certificate: str = "",
) -> bytes:
    queried = f'"@query": {query}\n' if query else ""
    last = f'"onecard-request": {request_id}\n' if request_id else ""
    if certificate:
        last = f'"onecard-certificate": {certificate}\n'
    return (
        f'"@method": {method}\n"@authority": {authority}\n"@path": {path}\n{queried}"content-digest": {digest}\n'
        f'{last}"@signature-params": {parameters}'
    ).encode()


def sign_request(
    method: str,
    path: str,
    body: bytes,
    *,
    authority: str,
    request_id: str = "",
    created: int,
    key_id: str,
    sign: Signer,
    algorithm: str = "ed25519",
    query: str = "",
    certificate: str = "",
) -> dict[str, str]:
    """The header fields that sign a request, ``host`` among them.

    ``authority``: host and port of the centre as in ``Host``, in lower case and without a default port.
    ``request_id`` is "epoch/sequence", or empty to open a session, which ``algorithm`` is for. ``certificate`` makes it
    a holder's own request, with its ``query`` from the question mark on.
    """
    digest = content_digest(body)
    components, algorithm = (IN_SESSION, "hmac-sha256") if request_id else (OPENING, algorithm)
    if certificate:
        components, query = OF_HOLDER, query or "?"
    parameters = _parameters(components, created, key_id, algorithm)
    signature = sign(_request_base(method, authority, path, digest, request_id, parameters, query, certificate))
    headers = {
        "host": authority,
        "content-digest": digest,
        "signature-input": f"{LABEL}={parameters}",
        "signature": f"{LABEL}=:{binascii.b2a_base64(signature, newline=False).decode()}:",
    }
    if request_id:
        headers["onecard-request"] = request_id
    if certificate:
        headers[CERTIFICATE_FIELD] = certificate
    return headers


def read_signature(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    in_session: bool,
    opening_algorithm: str = "ed25519",
    query: str = "",
    hosts: frozenset[str] = ANY_HOST,
) -> SignedRequest:
    """Read a request's signature fields and compare its digest with the body.

    ``query``, with its question mark: of a holder's own request, which names its certificate. ``hosts``: as what the
    centre is reached. Raises Problem
    PROTOCOL_UNKNOWN for another edition, of which no more is read, and BAD_SIGNATURE with what is missing or outside
    the profile.
    """
    parameters = _PARAMETERS.fullmatch(headers.get("signature-input", ""))
    if parameters is None:
        raise Problem(BAD_SIGNATURE, "terminals.signature_input")
    if parameters["tag"] != TAG:
        raise Problem(PROTOCOL_UNKNOWN, "terminals.tag_unknown", editions=EDITIONS, tag=parameters["tag"] or "")
    expected, algorithm = (IN_SESSION, "hmac-sha256") if in_session else (OPENING, opening_algorithm)
    if query:
        expected = OF_HOLDER
    if parameters["components"] != expected or parameters["alg"] != algorithm:
        raise Problem(BAD_SIGNATURE, "terminals.signature_profile", algorithm=algorithm, components=expected)
    signature, signature_text = _signature_of(headers.get("signature", ""))
    digest = headers.get("content-digest", "")
    body_digest = hashlib.sha256(body).digest()
    if digest != _digest_field(body_digest):
        raise Problem(BAD_SIGNATURE, "terminals.content_digest")
    request_id = headers.get("onecard-request", "") if in_session else ""
    if in_session and not request_id:
        raise Problem(BAD_SIGNATURE, "terminals.request_number_missing")
    return SignedRequest(
        method,
        _authority_of(headers.get("host", ""), hosts),
        path,
        digest,
        body_digest,
        request_id,
        parameters["parameters"],
        int(parameters["created"]),
        parameters["keyid"],
        algorithm,
        signature,
        signature_text,
        query,
        headers.get(CERTIFICATE_FIELD, "") if query else "",
    )


@lru_cache(maxsize=256)
def _authority_of(host: str, hosts: frozenset[str]) -> str:
    """The Host field as it is signed; raises Problem(BAD_SIGNATURE) for any other spelling of it, or another host.

    Who is led to another host signs for that one; its owner must not be able to pass the message on to us.
    """
    if not _AUTHORITY.fullmatch(host):
        raise Problem(BAD_SIGNATURE, "terminals.authority_spelling")
    if hosts and host not in hosts:
        raise Problem(BAD_SIGNATURE, "terminals.authority_other", host=host)
    return host


def _signature_of(field: str) -> tuple[bytes, str]:
    """A signature's bytes and their base64."""
    match = _SIGNATURE.fullmatch(field)
    if match is None:
        raise Problem(BAD_SIGNATURE, "terminals.signature_field")
    try:
        signature = binascii.a2b_base64(match["bytes"], strict_mode=True)
    except binascii.Error:
        raise Problem(BAD_SIGNATURE, "terminals.signature_field") from None
    text = binascii.b2a_base64(signature, newline=False).decode()
    if text != match["bytes"]:
        # Bits beyond the last byte: another spelling of the same signature.
        raise Problem(BAD_SIGNATURE, "terminals.signature_field")
    return signature, text


def check_request(request: SignedRequest, verify: Verifier, now: float) -> None:
    """Check signature and time; raises Problem(BAD_SIGNATURE) or Problem(OUT_OF_TIME)."""
    if not verify(request.base(), request.signature):
        raise Problem(BAD_SIGNATURE, "terminals.signature_wrong")
    if abs(request.created - now) > CREATED_WITHIN_S:
        raise Problem(OUT_OF_TIME, "terminals.out_of_time", centre_time=int(now), created=request.created)


def _answer_base(status: int, digest: str, block_list: str, request_signature: str, parameters: str) -> bytes:
    return (
        f'"@status": {status}\n"content-digest": {digest}\n"onecard-block-list": {block_list}\n'
        f'"signature";req;key="{LABEL}": {request_signature}\n"@signature-params": {parameters}'
    ).encode()


def sign_answer(
    request: SignedRequest,
    status: int,
    body: bytes,
    *,
    block_list: int,
    created: int,
    key_id: str,
    sign: Signer,
) -> dict[str, str]:
    """The header fields that sign an answer, with the block list's version, and bind it to its request."""
    version = str(block_list)
    digest = content_digest(body)
    parameters = _parameters(ANSWER, created, key_id, request.algorithm)
    request_signature = f":{request.signature_text}:"
    signature = sign(_answer_base(status, digest, version, request_signature, parameters))
    return {
        "content-digest": digest,
        "onecard-block-list": version,
        "signature-input": f"{LABEL}={parameters}",
        "signature": f"{LABEL}=:{binascii.b2a_base64(signature, newline=False).decode()}:",
    }


def check_answer(
    request_headers: Mapping[str, str],
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    key_id: str,
    verify: Verifier,
) -> int:
    """The terminal's side: check that an answer is the centre's and belongs to this request.

    Returns the centre's time, seconds since 1970. Raises Problem(BAD_SIGNATURE).
    """
    parameters = _PARAMETERS.fullmatch(headers.get("signature-input", ""))
    expected = (ANSWER, key_id, TAG)
    if parameters is None or parameters.group("components", "keyid", "tag") != expected:
        raise Problem(BAD_SIGNATURE, "terminals.answer_signature_input")
    if headers.get("content-digest") != content_digest(body):
        raise Problem(BAD_SIGNATURE, "terminals.answer_digest")
    request_signature = request_headers["signature"].removeprefix(f"{LABEL}=")
    base = _answer_base(
        status,
        headers["content-digest"],
        headers.get("onecard-block-list", ""),
        request_signature,
        headers["signature-input"].removeprefix(f"{LABEL}="),
    )
    if not verify(base, _signature_of(headers.get("signature", ""))[0]):
        raise Problem(BAD_SIGNATURE, "terminals.answer_signature_wrong")
    return int(parameters["created"])
