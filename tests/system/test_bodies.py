"""What routes promise to take arrives, whole, and what is beyond their limit is a 413."""

import base64
import json
import secrets
from datetime import datetime

import pytest
import urllib3

from foundation.calendar import ZONE
from foundation.strict_json import DEPTH_MAX
from tests.bank import camt, entry
from tests.builders import Network
from tests.running_system import Person, System

PNG = bytes.fromhex("89504e470d0a1a0a")


def send(person: Person, path: str, body: bytes) -> urllib3.BaseHTTPResponse:
    headers = {"authorization": f"Bearer {person.token}", "content-type": "application/json", "accept-language": "en"}
    return urllib3.request("POST", person.url + path, body=body, headers=headers, retries=False, timeout=120)


def weigh_in(network: Network, kitchen: Person) -> str:
    number = f"{secrets.token_hex(4)}-0000-4000-8000-{secrets.token_hex(6)}"
    today = datetime.now(ZONE).date().isoformat()
    one = {"weigh_in_id": number, "canteen_id": network.canteen_id("yinzhou"), "business_date": today, "meal": "lunch"}
    kitchen.call("POST", "/waste/weigh-ins", {"weigh_ins": [one | {"stream": "plate", "weight_g": 4_000}]})
    return number


def test_a_photo_of_a_megabyte_is_kept_whole(network: Network) -> None:
    kitchen = network.person("kitchen-yinzhou")
    path = f"/waste/weigh-ins/{weigh_in(network, kitchen)}/photos"
    photo = PNG + secrets.token_bytes(990_000)
    file = {"name": "plate.png", "content": base64.b64encode(photo).decode()}
    assert send(kitchen, path, json.dumps({"files": [file]}).encode()).status == 204
    [shown] = kitchen.call("GET", path)
    assert kitchen.ask("GET", shown["url"]).data == photo
    refused = send(kitchen, path, json.dumps({"files": [file] * 4}).encode())
    assert refused.status == 413
    assert json.loads(refused.data)["type"] == "/problems/too-large"


def test_a_bank_file_of_megabytes_is_posted(network: Network) -> None:
    filler = "<AddtlNtryInf>" + "x" * 500 + "</AddtlNtryInf></Ntry>"
    # Not booked yet, so that the file leaves nothing for other tests to find.
    pending = [entry(f"{n}", 100 + n, "NOBODY", credit=True, status="<Sts><Cd>PDNG</Cd></Sts>") for n in range(3_000)]
    content = camt(*(one.replace("</Ntry>", filler) for one in pending))
    assert len(content) > 2_000_000
    answer = send(network.centre, "/clearing/confirmations", content)
    assert (answer.status, json.loads(answer.data)) == (201, [])
    too_large = send(network.centre, "/clearing/confirmations", b" " * 20_000_001)
    assert too_large.status == 413


def test_a_file_of_weigh_ins_of_a_megabyte_is_read(network: Network) -> None:
    kitchen = network.person("kitchen-yinzhou")
    today = datetime.now(ZONE).date().isoformat()
    row = f"{today},{network.canteen_id('yinzhou')},lunch,plate,1.5,{'dish ' * 9}{secrets.token_hex(4)}"
    lines = ["date,canteen,meal,stream,weight_kg,dish", *[row] * 4_500]
    content = "\n".join(lines).encode()
    assert len(content) > 262_144
    answer = send(kitchen, "/waste/weigh-in-files", content)
    assert answer.status == 201, answer.data
    assert json.loads(answer.data)["new"] == 4_500


@pytest.mark.parametrize("path", ["/console/sessions", "/terminal/enrolments", "/phone/certificates"])
def test_strangers_cannot_send_much(system: System, path: str) -> None:
    body = b"[" * DEPTH_MAX + b" " * 40_000
    answer = urllib3.request("POST", system.url + path, body=body, headers={"content-type": "application/json"})
    assert answer.status == 413
