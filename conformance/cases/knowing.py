"""What a terminal asks for: parameters, the block list, keys (sections 5.1, 5.2 and 8)."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.bench import Bench, Group, ok, problem, unsigned
from conformance.cases.opening import SMALL_ORDER
from conformance.wire import Sent
from terminals.keys import proof_text
from terminals.schemas import to_text

PARAMETERS, KEYS = Group("parameters"), Group("keys")


@PARAMETERS.case("parameters-conditional", "5.1")
def conditional(bench: Bench) -> None:
    """They come when the terminal has another version, and only then."""
    device = bench.device
    path = f"/terminal/parameters/{device.parameters_version}"
    came = bench.expect(device.in_session("GET", path), ok(version=device.parameters_version))
    bench.must("parameters", "none", "parameters" in came.document, "parameters" not in came.document)
    for version in ("A" * 22, "_" * 22):
        came = bench.expect(device.in_session("GET", f"/terminal/parameters/{version}"), ok())
        bench.must("parameters", "all", "parameters" in came.document, "parameters" in came.document)
    members = {"canteen", "meals", "prices", "limits", "offline", "centre_keys", "refresh_s"}
    found = came.document["parameters"].keys()
    bench.must("members", str(sorted(members)), sorted(found), members <= found)


@PARAMETERS.case("parameters-version-spelling", "5.1")
def spelling(bench: Bench) -> None:
    """A version has 22 characters of base64url."""
    device = bench.device
    for version in ("A" * 21, "A" * 23, "A" * 21 + "+", "1"):
        bench.expect(device.in_session("GET", f"/terminal/parameters/{version}"), problem(400, "invalid"))


@PARAMETERS.case("parameters-prices-in-order", "5.1")
def prices(bench: Bench) -> None:
    """A meal's prices ascend by their day, each with both prices or a limit."""
    parameters = bench.device.parameters
    assert parameters is not None
    days: dict[str, str] = {}
    for price in parameters.prices:
        fixed = price.home_fen is not None and price.visitor_fen is not None
        bench.must(f"{price.meal} from {price.valid_from}", "two prices or a limit", price,
                   fixed != (price.limit_fen is not None) and price.valid_from > days.get(price.meal, ""))  # fmt: skip
        days[price.meal] = price.valid_from


@PARAMETERS.case("block-list", "8")
def block_list(bench: Bench) -> None:
    """From 0 to its end, and no further."""
    device = bench.device
    version, complete = 0, False
    while not complete:
        came = bench.expect(device.in_session("GET", f"/terminal/block-list/{version}"), ok())
        said = came.document
        changes = said["changes"]
        versions = [one["version"] for one in changes]
        in_order = len(versions) <= 1_000 and versions == sorted(versions)
        bench.must("changes", "at most 1,000, ascending", len(versions), in_order)
        complete, version = said["complete"], max(version, said["version"])
    came = bench.expect(device.in_session("GET", f"/terminal/block-list/{version}"), ok(complete=True))
    bench.expect(device.in_session("GET", f"/terminal/block-list/{version + 1_000_000}"), problem(400, "invalid"))
    bench.expect(device.in_session("GET", "/terminal/block-list/9007199254740992"), problem(400, "invalid"))


def _renewal(bench: Bench, new: Ed25519PrivateKey, old: Ed25519PrivateKey, **changes: object) -> Sent:
    device = bench.device
    proof = new.sign(proof_text(device.terminal_id, old.public_key().public_bytes_raw()))
    message = {
        "terminal_id": device.terminal_id,
        "public_key": to_text(new.public_key().public_bytes_raw()),
        "proof": to_text(proof),
        "centre_key": device.centre_key,
    }
    return device.opening("/terminal/keys", message | changes, key=old)


@KEYS.case("key-renewal-refused", "5.2")
def renewal_refused(bench: Bench) -> None:
    """A weak key, a proof that does not fit, a key of somebody else."""
    device, new = bench.device, Ed25519PrivateKey.generate()
    bench.expect(_renewal(bench, new, device.key, public_key=to_text(SMALL_ORDER)), problem(400, "invalid"))
    bench.expect(_renewal(bench, new, device.key, proof=to_text(bytes(64))), problem(400, "invalid"))
    other = Ed25519PrivateKey.generate()
    of_other = other.sign(proof_text(device.terminal_id, device.key.public_key().public_bytes_raw()))
    bench.expect(_renewal(bench, new, device.key, proof=to_text(of_other)), problem(400, "invalid"))
    bench.expect(_renewal(bench, new, other), unsigned(401, "bad-signature"))
    bench.expect(_renewal(bench, new, device.key, centre_key=255), problem(403, "centre-key-unknown"))
    bench.expect(_renewal(bench, new, device.key, proof=to_text(bytes(63))), unsigned(400, "invalid"))
    bench.expect(device.sign_on(), ok(201))
    device.begin_session()


@KEYS.case("key-renewal", "5.2")
def renewal(bench: Bench) -> None:
    """The new key takes the place of the old one; a repeat gets the same answer; the session goes on."""
    device, old, new = bench.device, bench.device.key, Ed25519PrivateKey.generate()
    sent = _renewal(bench, new, old)
    first = bench.expect(sent, ok(201, terminal_id=device.terminal_id))
    again = bench.expect(_renewal(bench, new, old), ok(201))
    bench.must("a repeat", first.body.decode(), again.body.decode(), first.body == again.body)
    bench.expect(device.in_session("GET", "/terminal/block-list/0"), ok())
    bench.expect(device.sign_on(), unsigned(401, "bad-signature"))
    bench.expect(_renewal(bench, Ed25519PrivateKey.generate(), old), unsigned(401, "bad-signature"))
    device.key = new
    sent, came = device.begin_session()
    bench.judge(str(sent), ok(201), came)
