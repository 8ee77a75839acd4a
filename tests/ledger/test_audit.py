"""The audit of a bundle: a good one holds, and a hundred altered ones do not, each where it was altered."""

import asyncio
import io
import json
import random
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearing.audit import NotABundle, audit, read_bundle
from clearing.closing import EndOfDay, close_day, open_dates
from clearing.proof import LINES, MANIFEST, SIGNATURE, Line, bundle, grow_tree, sign_manifest
from foundation.catalogue import Language
from foundation.postgres import LOCK_TIMEOUT_MS
from tests.bank import camt, entry
from tests.closed_days import KEY, close
from tests.counter import HANGZHOU, NINGBO, Counter
from tests.node import ROOT, node
from tests.running_system import System

PUBLIC = KEY.public_key().public_bytes_raw()


async def two_days(counter: Counter, folder: Path) -> tuple[int, list[date], list[bytes]]:
    """Two proved cycles with payments between three agencies, and one agency's bundles of them."""
    till = await counter.till(NINGBO)
    holders = [await counter.holder(NINGBO, agency_index=n % 2) for n in range(4)] + [await counter.holder(HANGZHOU)]
    days, bundles = [], []
    for _ in range(2):
        for holder in holders:
            answer = await counter.charger.charge(counter.order(till, holder))
            assert answer.outcome == "approved"
        days.append(max((await open_dates(counter.ledger)).values()))
        await close(counter.ledger, days[-1], folder)
    for day in days:
        bundles.append(await bundle(counter.ledger, day, till.agency_id, folder))
    return till.agency_id, days, bundles


def failed(content: bytes, previous: bytes | None = None, key: bytes = PUBLIC) -> list[str]:
    before = read_bundle(previous) if previous is not None else None
    return [
        finding.name(Language.ENGLISH) for finding in audit(read_bundle(content), [key], before) if not finding.holds
    ]


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


async def test_a_good_bundle_holds_and_continues_the_one_before(counter: Counter, tmp_path: Path) -> None:
    agency_id, _, [first, second] = await two_days(counter, tmp_path)
    assert failed(first) == []
    assert failed(second, first) == []
    assert failed(first, second) == ["it continues the bundle before"]
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert failed(first, key=other) == ["the manifest is signed by the centre"]
    day = date.fromisoformat(read_bundle(first).manifest.business_date)
    assert await bundle(counter.ledger, day, agency_id, tmp_path) == first, "made again, it is the same"


ALTERED = (
    "a fen in a line",
    "a line left out",
    "a line twice",
    "a foreign line",
    "a proof",
    "the statement",
    "a position",
    "a file's hash",
    "the tree's head",
    "the log",
    "the fee",
    "a type",
    "the signature",
)


def alter(parts: dict[str, bytes], how: str, chance: random.Random) -> dict[str, bytes]:
    """One bundle with one thing altered."""
    agency_id, lines = cbor2.loads(parts[LINES])
    manifest = cbor2.loads(parts[MANIFEST])
    at = chance.randrange(len(lines))
    index, leaf, proof = lines[at]
    match how:
        case "a fen in a line":
            values = cbor2.loads(leaf)
            values[11] += chance.choice((-1, 1, 100))
            lines[at] = [index, cbor2.dumps(values, canonical=True), proof]
        case "a line left out":
            # One between two agencies: a meal at home moves nothing between them.
            owed = [n for n, (_, other, _) in enumerate(lines) if cbor2.loads(other)[5] != cbor2.loads(other)[6]]
            del lines[chance.choice(owed)]
        case "a line twice":
            lines.insert(at, lines[at])
        case "a foreign line":
            values = cbor2.loads(leaf)
            values[1] = chance.randbytes(16)
            lines.append([len(lines), cbor2.dumps(values, canonical=True), proof])
        case "a proof":
            number = chance.randrange(len(proof))
            proof[number] = bytes([proof[number][0] ^ 1]) + proof[number][1:]
        case "the statement":
            name = f"statement-{agency_id}.csv"
            content = bytearray(parts[name])
            content[chance.randrange(len(content))] ^= 1
            parts[name] = bytes(content)
        case "a position":
            manifest[2][agency_id] += chance.choice((-1, 1))
        case "a file's hash":
            name = chance.choice(sorted(manifest[1]))
            manifest[1][name] = chance.randbytes(32)
        case "the tree's head":
            manifest[5] = chance.randbytes(32)
        case "the log":
            manifest[chance.choice((7, 8))] = chance.randbytes(32)
        case "the fee":
            manifest[3] += 1
        case "a type":
            manifest[chance.randrange(len(manifest))] = chance.choice([None, -1, "x", b"x", [b"x"], {"x": None}])
        case "the signature":
            signature = bytearray(parts[SIGNATURE])
            signature[chance.randrange(64)] ^= 1 << chance.randrange(8)
            parts[SIGNATURE] = bytes(signature)
    manifest_bytes = cbor2.dumps(manifest, canonical=True)
    return parts | {LINES: cbor2.dumps([agency_id, lines], canonical=True), MANIFEST: manifest_bytes}


async def test_a_hundred_altered_bundles_are_all_found(counter: Counter, tmp_path: Path) -> None:
    _, _, [first, second] = await two_days(counter, tmp_path)
    chance = random.Random(7)
    found: dict[str, set[str]] = {}
    for number in range(110):
        how = ALTERED[number % len(ALTERED)]
        altered = packed(alter(parts_of(second), how, chance))
        try:
            names = failed(altered, first)
        except NotABundle:
            assert how == "a type"
            continue
        assert names, f"{how} was not found"
        found.setdefault(how, set()).update(names)
    assert "every payment is in the cycle's tree" in found["a fen in a line"] & found["a proof"] & found["a line twice"]
    assert found["a line left out"] == {"the payments add up to the position"}
    assert "the statement is the published one" in found["the statement"]
    assert found["the signature"] == {"the manifest is signed by the centre"}


def seen_by_browser(folder: Path, previous: bytes, contents: list[bytes]) -> list[list[dict[str, Any]] | None]:
    """What the checks of ``web/shared/proof`` find in bundles, each against the one before; None: it is no bundle."""
    paths = [folder / f"{number}.zip" for number in range(len(contents) + 1)]
    for path, content in zip(paths, [previous, *contents], strict=True):
        path.write_bytes(content)
    script = ROOT / "web" / "shared" / "proof" / "tests" / "audit.ts"
    command = [node(), str(script), PUBLIC.hex(), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: list[list[dict[str, Any]] | None] = json.loads(done.stdout)
    return found


def seen_here(previous: bytes, content: bytes) -> list[dict[str, Any]] | None:
    try:
        found = audit(read_bundle(content), [PUBLIC], read_bundle(previous))
    except NotABundle:
        return None
    return [
        {
            "code": one.code,
            "holds": one.holds,
            "detail": one.detail_code,
            "params": {name: each if isinstance(each, int) else str(each) for name, each in one.params.items()},
        }
        for one in found
    ]


def each_byte_altered(content: bytes) -> Iterator[tuple[str, bytes]]:
    """A bundle with one byte of its manifest, its signature, its statement or its lines altered, byte by byte."""
    parts = parts_of(content)
    for name, part in parts.items():
        # Every byte of what is short, and some of what is long.
        for at in range(0, len(part), 1 + len(part) // 400):
            altered = bytearray(part)
            altered[at] ^= 1
            yield f"{name} {at}", packed(parts | {name: bytes(altered)})


async def test_a_browser_finds_what_the_command_finds(counter: Counter, tmp_path: Path) -> None:
    _, _, [first, second] = await two_days(counter, tmp_path)
    chance = random.Random(8)
    altered = [packed(alter(parts_of(second), ALTERED[n % len(ALTERED)], chance)) for n in range(2 * len(ALTERED))]
    contents = [second, first, *altered, b"", b"hello", packed({}), GARBAGE, _damaged(), _encrypted(), second[:-30]]
    by_browser = seen_by_browser(tmp_path, first, contents)
    for seen, content in zip(by_browser, contents, strict=True):
        assert seen == seen_here(first, content)
    assert by_browser[0] is not None
    assert all(one["holds"] for one in by_browser[0])


async def test_a_browser_finds_every_altered_byte(counter: Counter, tmp_path: Path) -> None:
    _, _, [first, second] = await two_days(counter, tmp_path)
    places, contents = zip(*each_byte_altered(second), strict=True)
    assert len(places) > 1_000
    for place, found in zip(places, seen_by_browser(tmp_path, first, list(contents)), strict=True):
        assert found is None or not all(one["holds"] for one in found), place


async def test_fees_are_lines_of_their_own_and_proved(counter: Counter, tmp_path: Path) -> None:
    till, visitor, own = await counter.till(), await counter.holder(agency_index=1), await counter.holder()
    orders = [counter.order(till, holder) for holder in (visitor, visitor, own)]
    for order in orders:
        assert (await counter.charger.charge(order)).outcome == "approved"
    void = counter.order(till, visitor)
    await counter.charger.void(till.book, void.key, void.digest, 1, orders[1].key.sequence)
    day = max((await open_dates(counter.ledger)).values())
    cycle = await close_day(EndOfDay(counter.ledger, tmp_path, KEY, fee_fen=50), day)
    assert [p.position_fen for p in cycle.positions] == [2_050, -2_050, 0, 0]
    assert failed(await bundle(counter.ledger, day, till.agency_id, tmp_path)) == []
    rows = await counter.ledger.fetch("SELECT payments, paid_fen, reversed_fen FROM obligation WHERE line = 'fee'")
    assert [tuple(row) for row in rows] == [(2, 100, 50)]


async def test_closing_may_take_longer_than_a_payment(counter: Counter, tmp_path: Path) -> None:
    """What a payment may not wait for, the tree of a large cycle must: here a table that is held for a while."""
    _, days, _ = await two_days(counter, tmp_path)
    async with counter.ledger.acquire() as other, other.transaction():
        await other.execute("SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE closed_day")
        growing = asyncio.create_task(grow_tree(counter.ledger, days[0], tmp_path / "again"))
        await asyncio.sleep(LOCK_TIMEOUT_MS / 1000 + 0.5)
        assert not growing.done()
    assert len(await growing) > 0


async def test_whoever_rewrites_the_database_is_found_by_the_next_bundle(
    counter: Counter, tmp_path: Path, as_superuser: Callable[..., None]
) -> None:
    """A dishonest centre with its own key: an old cycle altered, everything made and signed anew."""
    agency_id, days, [first, _] = await two_days(counter, tmp_path)
    ledger = counter.ledger
    as_superuser("DELETE FROM cycle_proof")
    as_superuser("UPDATE position SET position_fen = position_fen + 1 WHERE cycle_date = %s", days[0])
    for day in days:
        (tmp_path / day.isoformat() / "tree.bin").unlink()
        tree = await grow_tree(ledger, day, tmp_path / day.isoformat())
        async with ledger.acquire() as connection, connection.transaction():
            await sign_manifest(connection, KEY, day, tree)
    rewritten = await bundle(ledger, days[1], agency_id, tmp_path)
    assert failed(rewritten) == [], "by itself it looks right"
    assert failed(rewritten, first) == ["it continues the bundle before"]


GARBAGE = packed({LINES: b"\xff", MANIFEST: b"", SIGNATURE: b""})


def _damaged() -> bytes:
    """A bundle whose packed content is cut up."""
    whole = bytearray(packed({LINES: bytes(range(256)) * 50}))
    whole[60:90] = b"\xff" * 30
    return bytes(whole)


def _encrypted() -> bytes:
    """A bundle that says it needs a password."""
    whole = bytearray(packed({LINES: b"x" * 500}))
    whole[6] |= 1
    whole[whole.find(b"PK\x01\x02") + 8] |= 1
    return bytes(whole)


@pytest.mark.parametrize("content", [b"", b"hello", packed({}), GARBAGE, _damaged(), _encrypted()])
def test_what_is_no_bundle(content: bytes) -> None:
    with pytest.raises(NotABundle):
        read_bundle(content)


def test_a_leaf_can_be_read_back() -> None:
    at = "2026-11-23T12:00:00"
    line = Line(3302, uuid4(), 0, "refund", uuid4(), 1, 2, 3, "lunch", "qr", 9, 700, "2026-11-23", at)
    assert Line.decode(line.encode()) == line
    assert line.sale_fen == -700


@pytest.mark.one_worker
def test_the_commands_from_closing_to_audit(own: System, tmp_path: Path) -> None:
    """As an operator and an agency's officer do it."""
    own.start()
    centre, approver = own.sign_in("centre"), own.sign_in("approver")
    day = centre.call("GET", "/clearing/open-days")[0]["business_date"]
    agency = centre.call("GET", "/registry/directory")["agencies"][0]["agency_id"]
    refused = own.command("close-day", "--date", day, check=False)
    assert (refused.returncode, refused.stderr.count("\n"), "--force --reason" in refused.stderr) == (1, 1, True)
    assert own.command("close-day", "--date", day, "--force", check=False).returncode == 1, "without a reason"
    assert centre.call("GET", "/clearing/cycles")["items"] == []
    waits = own.command("close-day", "--date", day, "--force", "--reason", "a fire drill", check=False)
    asked = waits.stdout
    assert (waits.returncode, "waits for a second person" in asked) == (3, True)
    assert centre.call("GET", "/clearing/cycles")["items"] == [], "nothing was closed, and the exit code says so"
    [waiting] = approver.call("GET", "/console/approvals?state=pending")["items"]
    assert (waiting["kind"], waiting["reason"], str(waiting["approval_id"]) in asked) == (
        "close_day",
        "a fire drill",
        True,
    )
    approver.call("POST", f"/console/approvals/{waiting['approval_id']}/approval", {})
    assert "settled" in own.command("close-day", "--date", day).stdout, "nobody has paid anything"
    key = own.command("public-key").stdout.strip()
    target = tmp_path / "bundle.zip"
    own.command("bundle", day, str(agency), str(target))
    report = own.command("audit", str(target), "--key", key).stdout
    assert report.count("ok") == 6, report
    for name in ("宁波市机关事务管理局（演示）", "ningbo city administration (demo)"):
        named = tmp_path / "named.zip"
        own.command("bundle", day, name, str(named))
        assert named.read_bytes() == target.read_bytes(), "an agency by its name"
    refused = own.command("bank-file", day, str(tmp_path / "pay.xml"), check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), "nobody is owed anything"
    (tmp_path / "camt.xml").write_bytes(camt(entry("B1", 700, "NOBODY", credit=True)))
    unmatched = own.command("confirm", str(tmp_path / "camt.xml"), check=False)
    assert (unmatched.returncode, "unknown reference" in unmatched.stdout) == (1, True)
    assert own.command("confirm", str(tmp_path / "none.xml"), check=False).stderr.count("\n") == 1
    target.write_bytes(target.read_bytes()[:-1])
    for arguments in (("audit", str(target), "--key", key), ("audit", "none.zip", "--key", key)):
        refused = own.command(*arguments, check=False)
        assert refused.returncode == 1
        assert refused.stderr.count("\n") == 1
    assert own.command("audit", str(target), "--key", "zz", check=False).returncode == 1
    assert own.command("bundle", "2020-01-01", "7", str(target), check=False).returncode == 1
