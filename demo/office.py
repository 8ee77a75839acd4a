"""What people do at their desks around the payments of a played day, so that every page has something to show.

Shift totals, a refund, the bank's confirmations, disputes, findings in kitchens, last quarter's bulletin, and what was
spent on receptions: all over the public API, by the people whose work it is.
"""

import json
import time
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from demo.city import AGENCIES, BANK, CENTRE_ACCOUNT
from demo.console import RESEND_FOR_S, PlayFailed, until_known
from demo.day import Day
from foundation.calendar import ZONE
from foundation.money import yuan
from terminals.client import Terminal
from terminals.schemas import ShiftClosed
from waste.evaluation.quarters import quarter_before
from waste.evaluation.scheme import scheme_for

REFUND_FEN = 300
DISPUTED_FEN = 500
PAID_IN_PART_FEN = 5_000
MISTYPED_FEN = 1_000
STRAY_FEN = 12_800
MISTYPED = "CYCLE-NO-REFERENCE"
LOOK_EVERY_S = 0.5
RECEPTION_MONTHS, JOINED_MONTHS_AGO = 20, 8
"""Months that agencies report, and how many of them ago they joined, by their own account."""
SAVED_PERCENT = (32, 18, -20)
"""By how much less than before agencies spend on receptions; one spends more."""


def end_shifts(day: Day) -> None:
    """Every till closes its shift; one in Yinzhou has lost its last payment."""
    mine = set(day.network.canteens("yinzhou"))
    loses_one = next((till for till in day.terminals if till.canteen_id in mine and _has_taken(till)), None)
    for till in day.terminals:
        close = _close_without_last if till is loses_one else Terminal.close_shift
        until_known(partial(close, till))


def _has_taken(till: Terminal) -> bool:
    return any(entry.operation == "charge" for entry in till.journal.entries("approved"))


def _close_without_last(till: Terminal) -> ShiftClosed:
    """Close a shift as a till does whose disk was restored from before its last payment."""
    till.resend_unknown()
    totals = till.shift_totals()
    last = [entry for entry in till.journal.entries("approved") if entry.operation == "charge"][-1]
    assert last.answer is not None
    receipt = json.loads(last.answer)["receipt"]
    day = next(day for day in totals["days"] if day["business_date"] == receipt["business_date"])
    kind = "online" if day["online"] else "stored"
    day[kind] -= 1
    day[f"{kind}_fen"] -= receipt["amount_fen"]
    return till.send_closing(totals)


def refund_one(day: Day) -> None:
    """A canteen gives part of a payment back: a dish was cold."""
    mine = set(day.network.canteens("yinzhou"))
    for one, receipt in day.tally.paid:
        if one.canteen_id in mine and receipt.amount_fen > REFUND_FEN:
            message = {
                "posting_id": str(uuid4()),
                "payment": receipt.number,
                "amount_fen": REFUND_FEN,
                "reason": "菜已凉（演示）",
            }
            day.network.person("finance-yinzhou").call("POST", "/settlement/refunds", message)
            return


def wait_until_published(day: Day, cycle: dict[str, Any]) -> dict[str, Any]:
    """The cycle as it is published; the job runner does it. Raises PlayFailed."""
    give_up_at = time.monotonic() + RESEND_FOR_S
    while cycle["state"] not in ("published", "settled"):
        if time.monotonic() > give_up_at:
            raise PlayFailed("demo.not_published", business_date=cycle["business_date"], seconds=f"{RESEND_FOR_S:.0f}")
        time.sleep(LOOK_EVERY_S)
        cycle = day.network.centre.call("GET", f"/clearing/cycles/{cycle['business_date']}")
    return cycle


def hear_from_the_bank(day: Day, business_date: str) -> None:
    """The bank confirms: one agency has not paid, one paid a part, and two entries belong to nothing.

    One of them has a mistyped reference; the centre assigns it by hand.
    """
    legs = day.network.centre.call("GET", f"/clearing/cycles/{business_date}/legs")
    owing = sorted((leg for leg in legs if leg["pay_in"]), key=lambda leg: -leg["amount_fen"])
    booked = [(leg["reference"], leg["pay_in"], leg["amount_fen"]) for leg in legs if leg not in owing[:2]]
    if len(owing) > 1:
        part = min(PAID_IN_PART_FEN, owing[1]["amount_fen"] // 2)
        booked.append((owing[1]["reference"], True, part))
        booked.append((MISTYPED, True, min(MISTYPED_FEN, owing[1]["amount_fen"] - part)))
    booked.append(("NOT-OURS", True, STRAY_FEN))
    day.network.centre.call("POST", "/clearing/confirmations", _confirmations(booked))
    for entry in day.network.centre.call("GET", "/clearing/confirmations/unmatched"):
        if entry["reference"] == MISTYPED:
            assigned = {
                "entry": entry["entry"],
                "resolution": "assigned",
                "reason": "附言写错，与付款单位核对（演示）",
                "business_date": business_date,
                "agency_id": owing[1]["agency_id"],
            }
            day.network.centre.call("POST", "/clearing/confirmations/resolutions", assigned)


def _confirmations(booked: list[tuple[str, bool, int]]) -> bytes:
    """A camt.054 of today's entries on the settlement account: reference, whether paid in, amount in fen."""
    today = datetime.now(ZONE).date()
    entries = "".join(
        f'<Ntry><Amt Ccy="CNY">{yuan(fen).replace(",", "")}</Amt><CdtDbtInd>{"CRDT" if pay_in else "DBIT"}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{today}</Dt></BookgDt><AcctSvcrRef>DEMO{uuid4().hex[:20]}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
        for reference, pay_in, fen in booked
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">'
        f"<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>{uuid4().hex}</MsgId></GrpHdr><Ntfctn><Id>1</Id>"
        f"<Acct><Id><Othr><Id>{CENTRE_ACCOUNT}</Id></Othr></Id></Acct>{entries}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def dispute(day: Day) -> None:
    """Yinzhou disputes three meals of its officials elsewhere: one host is silent, one answers, one loses.

    A short day may have fewer.
    """
    issuer, host = day.network.person("finance-yinzhou"), day.network.person("finance-city")
    in_city = _meals_of_yinzhou_in(day, "city")
    for posting_id in (*in_city[:2], *_meals_of_yinzhou_in(day, "yuyao")[:1]):
        message = {
            "posting_id": posting_id,
            "amount_fen": DISPUTED_FEN,
            "text": "本人称当日未加菜，多收5元（演示）",
        }
        number = issuer.call("POST", "/clearing/disputes", message)["dispute_id"]
        if posting_id in in_city:
            answer = {"text": "经查小票，确已加菜一份（演示）"}
            host.call("POST", f"/clearing/disputes/{number}/answer", answer)
        if posting_id in in_city[1:]:
            decision = {"accept": True, "text": "小票无加菜记录，退还差额（演示）"}
            day.network.centre.call("POST", f"/clearing/disputes/{number}/decision", decision)


def _meals_of_yinzhou_in(day: Day, host: str) -> list[str]:
    """The payments of Yinzhou's officials at a host's canteens that are large enough for a dispute."""
    theirs = set(day.network.canteens(host))
    return [
        receipt.number
        for one, receipt in day.tally.paid
        if one.diner.agency == "yinzhou" and one.canteen_id in theirs and receipt.amount_fen >= DISPUTED_FEN
    ]


CASES = {
    "yinzhou": ("餐盘剩余连续三日未称重", ("plan",)),
    "yuyao": ("未张贴节约提示", ()),
    "city": ("回收处无分类标识", ("plan", "prove", "pass")),
}
"""Findings, and how far their canteens are with them."""
STEPS = {
    "plan": "增设称重台，每餐专人登记（演示）",
    "prove": "标识已更换，附现场照片编号（演示）",
    "pass": "复查合格（演示）",
}


def inspect(day: Day) -> None:
    """The supervisor visits three kitchens and finds something: one case is new, one has a plan, one is closed."""
    supervisor = day.network.person("supervisor")
    today = datetime.now(ZONE).date()
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    path = f"/waste/inspections?from_day={today}&until_day={today}&limit=500"
    visited = {one["canteen_id"] for one in supervisor.call("GET", path)["items"]}
    for agency, (what, steps) in CASES.items():
        canteen_id = day.network.canteens(agency)[0]
        if canteen_id not in visited:
            looked_at = "查看称重台账、餐盘回收处（演示）"
            visit = {"canteen_id": canteen_id, "visited_on": str(today), "looked_at": looked_at}
            supervisor.call("POST", "/waste/inspections", visit)
        found = {
            "canteen_id": canteen_id,
            "quarter": str(quarter),
            "what": f"{what}（演示）",
            "responsible": "食堂负责人",
            "due_on": str(today + timedelta(days=14)),
        }
        number = supervisor.call("POST", "/waste/cases", found)["number"]
        for step in steps:
            who = supervisor if step == "pass" else day.network.person(f"kitchen-{agency}")
            who.call("POST", f"/waste/cases/{number}/{step}", {"text": STEPS[step]})


def correct_a_weight(day: Day, business_date: str) -> None:
    """A kitchen mistyped one of the day's weights, and corrects it."""
    kitchen = day.network.person("kitchen-yinzhou")
    canteen_id = day.network.canteens("yinzhou")[0]
    path = f"/waste/canteens/{canteen_id}/weigh-ins?first={business_date}&last={business_date}"
    weighed = next(one for one in kitchen.call("GET", path) if one["stream"] == "plate")
    weight_g = weighed["weight_g"] + max(1, weighed["weight_g"] // 20)
    correction = {"weigh_in_id": str(uuid4()), "replaces": weighed["weigh_in_id"], "weight_g": weight_g}
    kitchen.call("POST", "/waste/corrections", {"corrections": [correction], "reason": "称重时看错（演示）"})


def leave_for_approval(day: Day) -> None:
    """What waits for a second person: another bank account of an agency, and a new till."""
    account = {
        "agency_id": day.network.agency_id("hangzhou"),
        "holder_name": "杭州市机关事务管理局（演示）",
        "number": "1202000000000009",
        "bank": BANK,
    }
    day.network.centre.call("POST", "/clearing/bank-accounts", account)
    canteen_id = day.network.canteens("hangzhou")[0]
    day.network.centre.call("POST", "/console/enrolments", {"canteen_id": canteen_id})


AS_ISSUED = {
    "good": "（一）按需备餐。各食堂参照预测就餐人次备餐，少量多次、随用随做。（演示）\n"
    "（二）小份供应。部分食堂推出小份菜、半份菜，并在取餐处张贴节约提示。（演示）",
    "issuers": ["宁波市机关事务管理局（演示）"],
    "issuer_code": "演示机管通",
    "serial": 1,
    "addressees": "各区（县、市）机关事务管理部门，市级各有关单位",
    "copy_to": "省机关事务管理局",
}
"""What people write in a bulletin: what canteens did well, and the elements of an official document."""


def inspect_evidence(day: Day, quarter: date) -> None:
    """The supervisor scores what is not measured, in all canteens."""
    supervisor = day.network.person("supervisor")
    for agency in AGENCIES:
        scheme = scheme_for(agency.book, quarter)
        for n, canteen_id in enumerate(day.network.canteens(agency.short)):
            for code in (one.code for one in scheme.indicator if one.evidence is not None):
                message = {
                    "canteen_id": canteen_id, "quarter": str(quarter), "code": code,
                    "percent": 95 - 10 * n - ord(code[0]) % 5, "note": "现场查看（演示）",
                }  # fmt: skip
                supervisor.call("POST", "/waste/evidence", message)


def publish_bulletin(day: Day) -> None:
    """Last quarter is evaluated and frozen, its bulletin written by one person and published by another; once."""
    supervisor = day.network.person("supervisor")
    if supervisor.call("GET", "/waste/bulletins")["items"]:
        return
    today = datetime.now(ZONE).date()
    quarter = quarter_before(today)
    give_up_at = time.monotonic() + RESEND_FOR_S
    inspect_evidence(day, quarter)
    while not supervisor.call("POST", f"/waste/evaluations/{quarter}")["evaluated"]:
        if time.monotonic() > give_up_at:
            raise PlayFailed("demo.not_evaluated", quarter=quarter, seconds=f"{RESEND_FOR_S:.0f}")
    # Canteens may still evaluate themselves in the first twenty days of a quarter; the demo does not wait for them.
    supervisor.call("POST", f"/waste/evaluations/{quarter}/freeze", {"reason": "演示，不等自评期满"})
    number = supervisor.call("POST", "/waste/bulletins", {"quarter": str(quarter)})["number"]
    supervisor.call("PATCH", f"/waste/bulletins/{number}", AS_ISSUED | {"year": today.year})
    day.network.approver.call("POST", f"/waste/bulletins/{number}/publication", {"reason": "演示，不等申诉期满"})


def report_receptions(day: Day) -> None:
    """Agencies report what they spent on receptions and as hosts, before they joined and after; one does not; once."""
    months = _months_until(datetime.now(ZONE).date(), RECEPTION_MONTHS)
    joined = months[-JOINED_MONTHS_AGO]
    for n, agency in enumerate(AGENCIES[:-1]):
        finance = day.network.person(f"finance-{agency.short}")
        if finance.call("GET", "/clearing/receptions?limit=1")["items"]:
            continue
        usual_fen = 4_200_000 - 900_000 * n
        spent = [
            {
                "month": str(month),
                "reception_fen": usual_fen * (100 - SAVED_PERCENT[n] * (month > joined) + month.month % 5) // 100,
                "host_meals_fen": usual_fen // (24 if month > joined else 6),
            }
            for month in months
        ]
        message = {
            "agency_id": day.network.agency_id(agency.short), "months": spent, "joined_month": str(joined),
            "source": "公务接待台账、部门决算（演示）",
        }  # fmt: skip
        finance.call("POST", "/clearing/receptions", message)


def _months_until(today: date, count: int) -> list[date]:
    """The first days of the months before a day's month, the last of them last."""
    last = 12 * today.year + today.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(last - count, last)]


def reconcile(day: Day) -> None:
    """Look for the differences now; the job runner does it every five minutes."""
    day.network.centre.call("POST", "/clearing/differences")
