"""The demo city's quarter from evaluation to bulletin: traced, frozen, appealed against, put right, published."""

import asyncio
import base64
import csv
import io
import json
import re
import secrets
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pypdfium2 as pdfium
import pytest
import urllib3
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

import web
from demo.city import PASSWORD
from foundation import catalogue
from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.meals import Meal
from terminals.client import Terminal
from terminals.client_messages import Rejected
from tests.builders import Network
from waste.charts.charts import KEPT_S, Charts, _Kept
from waste.evaluation.quarters import data_closed, quarter_before, self_evaluation_due
from waste.evaluation.results import known_of_quarter
from waste.measures.streams import Stream
from waste.supervision.cases import escalate_overdue

TODAY = datetime.now(ZONE).date()
QUARTER = quarter_before(TODAY)
RUNNING = date(TODAY.year, (TODAY.month - 1) // 3 * 3 + 1, 1)
CLOSED = data_closed(QUARTER, TODAY)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
PHOTO = {"name": "台秤.png", "content": base64.b64encode(PNG).decode()}


def pdf_text(content: bytes) -> str:
    return "\n".join(page.get_textpage().get_text_range() for page in pdfium.PdfDocument(content))


def evaluated(network: Network) -> dict[int, Any]:
    shown = network.person("supervisor").call("POST", f"/waste/evaluations/{QUARTER}")
    assert shown["evaluated"]
    return {one["canteen_id"]: one for one in shown["evaluations"]}


def test_a_quarter_is_evaluated_and_every_score_leads_to_its_records_in_two_clicks(network: Network) -> None:
    supervisor, yuyao = network.person("supervisor"), network.canteen_id("yuyao")
    shown = evaluated(network)
    assert {one["scheme"] for one in shown.values()} == {"default-2026", "hangzhou-2026"}
    assert all(one["to_verify"] for one in shown.values()), "no evidence yet"
    assert shown[yuyao]["score"] > shown[network.canteen_id("yinzhou", 1)]["score"]
    points = {point["code"]: point for point in shown[yuyao]["points"]}
    trace = supervisor.call("GET", points["E1"]["records"])
    mix = {meal: band["mix"] for meal, band in trace["meals"].items()}
    sums = {name: sum(week["sums"][name] for week in trace["weeks"]) for name in trace["weeks"][0]["sums"]}
    grams = sum(mix[meal] * sums[f"{meal}_g"] / sums[f"{meal}_covers"] for meal in mix)
    assert points["E1"]["value"] == pytest.approx(grams / sum(mix.values()), abs=1e-4)
    assert sums["waste_g"] == sum(sums[f"{meal}_g"] for meal in mix)
    assert "人次" in trace["formula"]
    raw = supervisor.call("GET", trace["weeks"][3]["records"])
    streams = ("preparation", "unserved", "plate")
    assert sum(w["weight_g"] for w in raw if w["stream"] in streams) >= trace["weeks"][3]["sums"]["waste_g"]
    assert supervisor.ask("GET", points["E1"]["records"].replace("E1", "Z9")).status == 404
    mine = network.person("kitchen-hangzhou").call("GET", f"/waste/evaluations/{QUARTER}")
    if CLOSED:
        assert [own["canteen_id"] for own in mine["evaluations"]] == [network.canteen_id("hangzhou")]
    else:
        assert (mine["evaluations"], mine["closed_after"]) == ([], str(self_evaluation_due(QUARTER)))
    buffets = [one for one in shown.values() if (one["scheme"], one["serving"]) == ("default-2026", "buffet")]
    assert sorted(one["rank"] for one in buffets) == [1, 2, 3, 4, 5]
    assert all(1 <= one["rank_low"] <= one["rank"] <= one["rank_high"] <= 5 == one["peers"] for one in buffets)
    assert all(one["rank"] is None for one in shown.values() if one not in buffets), "fewer than five are like them"
    assert supervisor.ask("GET", "/waste/evaluations/2026-02-01").status == 400
    assert supervisor.ask("GET", "/waste/evaluations/2019-01-01").status == 404
    assert len(supervisor.call("GET", "/waste/schemes")) == 2


def test_agencies_score_themselves_and_inspectors_after_them(network: Network) -> None:
    kitchen, supervisor, canteen = (
        network.person("kitchen-hangzhou"),
        network.person("supervisor"),
        network.canteen_id("hangzhou"),
    )
    reminded = [
        one["canteen_id"] for one in kitchen.call("GET", "/waste/reminders") if one["kind"] == "self_evaluation"
    ]
    assert reminded == ([] if CLOSED else [canteen])
    own = {"canteen_id": canteen, "quarter": str(QUARTER), "percents": {"M1": 60}, "note": "制度健全",
           "files": {"M1": [PHOTO]}}  # fmt: skip
    assert kitchen.ask("POST", "/waste/self-evaluations", own | {"percents": {"W1": 60}}).status == 400
    assert kitchen.ask("POST", "/waste/self-evaluations", own | {"files": {"W1": [PHOTO]}}).status == 400
    assert network.person("kitchen-yuyao").ask("POST", "/waste/self-evaluations", own).status == 404
    sent = kitchen.ask("POST", "/waste/self-evaluations", own)
    if CLOSED:
        assert sent.json()["code"] == "evaluation.self_evaluation_too_late"
        assert kitchen.ask("POST", "/waste/self-evaluations", own | {"quarter": str(RUNNING)}).status == 204
    else:
        assert sent.status == 204
        assert [one for one in kitchen.call("GET", "/waste/reminders") if one["kind"] == "self_evaluation"] == []
        [point] = [p for p in evaluated(network)[canteen]["points"] if p["code"] == "M1"]
        assert (point["points"], point["source"]) == (12, "self")
    scored = {"canteen_id": canteen, "quarter": str(QUARTER), "code": "M1", "percent": 10, "note": "现场查看",
              "files": [PHOTO]}  # fmt: skip
    assert kitchen.ask("POST", "/waste/evidence", scored).status == 403
    assert supervisor.ask("POST", "/waste/evidence", scored | {"code": "W1"}).status == 400
    assert supervisor.ask("POST", "/waste/evidence", scored).status == 204
    assert supervisor.ask("POST", "/waste/evidence", scored | {"percent": 90}).status == 204
    [point] = [p for p in evaluated(network)[canteen]["points"] if p["code"] == "M1"]
    assert (point["points"], point["source"]) == (18, "inspector")
    trace = supervisor.call("GET", point["records"])
    assert [one["share"] for one in trace["evidence"]] == [0.9, 0.1]
    assert len(trace["files"]) == (2 if CLOSED else 3)
    file = supervisor.ask("GET", trace["files"][0]["url"])
    assert (file.headers["content-type"], file.data) == ("image/png", PNG)
    assert network.person("kitchen-yuyao").ask("GET", trace["files"][0]["url"]).status == 404


def test_a_finding_is_planned_proved_inspected_again_and_closed(network: Network) -> None:
    kitchen, supervisor, canteen = (
        network.person("kitchen-yinzhou"),
        network.person("supervisor"),
        network.canteen_id("yinzhou"),
    )
    found = {"canteen_id": canteen, "quarter": str(QUARTER), "what": "剩菜未称重", "responsible": "李主任",
             "due_on": str(TODAY), "files": [PHOTO]}  # fmt: skip
    assert kitchen.ask("POST", "/waste/cases", found).status == 403
    assert supervisor.ask("POST", "/waste/cases", found | {"due_on": str(TODAY - timedelta(days=1))}).status == 400
    number = supervisor.call("POST", "/waste/cases", found)["number"]

    def step(person: Any, action: str) -> int:
        return int(person.ask("POST", f"/waste/cases/{number}/{action}", {"text": action, "files": [PHOTO]}).status)

    reminders = kitchen.ask("GET", "/waste/reminders")
    assert reminders.headers["content-language"] == "zh-Hans-CN"
    assert any("待整改：剩菜未称重" in one["text"] for one in reminders.json())
    assert step(supervisor, "plan") == 403
    assert step(network.person("kitchen-yuyao"), "plan") == 404
    assert step(kitchen, "prove") == 409
    assert [step(kitchen, "plan"), step(kitchen, "prove"), step(kitchen, "pass")] == [204, 204, 403]
    assert [step(supervisor, "fail"), step(kitchen, "plan"), step(kitchen, "prove")] == [204, 204, 204]
    assert [step(supervisor, "pass"), step(supervisor, "withdraw")] == [204, 409]
    assert number in [one["case_id"] for one in kitchen.call("GET", "/waste/cases?state=closed")["items"]]
    assert network.person("kitchen-yuyao").ask("GET", f"/waste/cases/{number}").status == 404
    case = kitchen.call("GET", f"/waste/cases/{number}")
    actions = [one["action"] for one in case["steps"]]
    assert actions == ["find", "plan", "prove", "fail", "plan", "prove", "pass"]
    assert (case["level"], case["closed_on"], len(case["files"])) == (1, str(TODAY), 7)
    refused = kitchen.ask("POST", f"/waste/cases/{number}/delete", {"text": "x"})
    assert (refused.status, refused.json()["params"]) == (
        400, {"field": "action", "choices": "plan, prove, pass, fail, withdraw, state"},
    )  # fmt: skip
    assert kitchen.ask("GET", "/waste/cases?state=lost").json()["code"] == "value.not_a_choice"


async def test_overdue_cases_go_up_a_level_and_cost_points(ledger: Pool, database_url: str) -> None:
    """Due in the quarter, one of two closed in time; the other goes up until it is dealt with by law."""
    row = await ledger.fetchrow("SELECT book, canteen_id FROM canteen LIMIT 1")
    assert row is not None
    insert = (
        "INSERT INTO rectification_case (book, case_id, canteen_id, quarter, kind, what, responsible, state, level,"
        " opened_on, due_on, deadline, closed_on) VALUES ($1, $2, $3, $4, 'finding', 'x', 'y', $5, 0, $4, $6, $6, $7)"
    )
    due = QUARTER + timedelta(days=20)
    await ledger.execute(insert, row["book"], 1, row["canteen_id"], QUARTER, "closed", due, due)
    await ledger.execute(insert, row["book"], 2, row["canteen_id"], QUARTER, "open", due, None)
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    database = async_sessionmaker(engine)
    for level in (1, 2, 3):
        assert await escalate_overdue(database, TODAY + timedelta(days=30 * level)) == [2]
        assert await escalate_overdue(database, TODAY + timedelta(days=30 * level)) == []
    assert await escalate_overdue(database, TODAY + timedelta(days=300)) == []
    await engine.dispose()
    assert await ledger.fetchval("SELECT level FROM rectification_case WHERE case_id = 2") == 3
    known = (await known_of_quarter(ledger, [row["canteen_id"]], QUARTER, TODAY))[row["canteen_id"]]
    assert (known.cases_due, known.cases_in_time) == (2, 1)
    before = (await known_of_quarter(ledger, [row["canteen_id"]], QUARTER, due))[row["canteen_id"]]
    assert (before.cases_due, before.cases_in_time) == (1, 1), "an open case that is not due yet is not late"


async def test_a_chart_is_computed_once_for_all_who_look_at_it(ledger: Pool) -> None:
    charts = Charts(ledger)
    first, second = await asyncio.gather(charts.show({}, "sampling"), charts.show({}, "sampling"))
    assert first is second
    assert await charts.show({}, "cases") is not first
    for _ in range(2):
        with pytest.raises(Problem, match="the charts are live, minutes"):
            await charts.show({}, "weather")


async def test_a_chart_that_takes_long_is_kept_so_much_longer() -> None:
    async def slow() -> Any:
        await asyncio.sleep(0.5)

    kept = _Kept(slow())
    await kept.task
    await asyncio.sleep(0)
    assert kept.until - time.monotonic() > 2 * KEPT_S


def test_a_bulletin_from_draft_to_publication(network: Network, browser: Browser) -> None:
    """Frozen, appealed against, vetoed, drafted, edited, published by another person, read by everybody."""
    supervisor, kitchen = network.person("supervisor"), network.person("kitchen-yinzhou")
    canteen = network.canteen_id("yinzhou")
    falsified = {"canteen_id": canteen, "quarter": str(QUARTER), "what": "称重数据造假", "responsible": "李主任",
                 "due_on": str(TODAY), "kind": "falsified_weights"}  # fmt: skip
    case = supervisor.call("POST", "/waste/cases", falsified)["number"]
    unheard = evaluated(network)[canteen]
    assert (unheard["vetoed"], unheard["to_verify"]) == (False, True), "nobody is condemned without a hearing"
    freezing, reason = f"/waste/evaluations/{QUARTER}/freeze", {"reason": "测试"}
    assert supervisor.ask("POST", freezing).json()["code"] in ("evaluation.hearing_open", "evaluation.data_not_closed")
    assert kitchen.ask("POST", f"/waste/cases/{case}/state", {"text": "台账属实", "files": [PHOTO]}).status == 204
    shown = evaluated(network)[canteen]
    assert (shown["vetoed"], shown["rank"], shown["grade_zh"]) == (True, None, "不合格")
    appeal = {"canteen_id": canteen, "quarter": str(QUARTER), "text": "系误录,有原始台账", "veto": True,
              "files": [PHOTO]}  # fmt: skip
    assert kitchen.ask("POST", "/waste/appeals", appeal).status == 409
    assert supervisor.ask("POST", "/waste/bulletins", {"quarter": str(QUARTER)}).status == 409
    assert supervisor.ask("POST", f"/waste/evaluations/{quarter_before(TODAY + timedelta(days=92))}/freeze").status in (
        400, 409,
    )  # fmt: skip
    assert supervisor.ask("POST", freezing, None if CLOSED else reason).status == 204
    late = {"canteen_id": canteen, "quarter": str(QUARTER), "code": "A1", "percent": 90, "note": "x"}
    assert supervisor.ask("POST", "/waste/evidence", late).status == 409
    assert kitchen.ask("POST", "/waste/appeals", appeal | {"veto": False}).status == 400, "it must name something"
    assert kitchen.ask("POST", "/waste/appeals", appeal | {"indicators": ["M1"]}).status == 400
    number = kitchen.call("POST", "/waste/appeals", appeal | {"indicators": ["A2"]})["number"]
    own = {"canteen_id": canteen, "quarter": str(QUARTER), "percents": {"A1": 100}, "note": "x"}
    assert kitchen.ask("POST", "/waste/self-evaluations", own).status in (400, 409), (
        "an appeal opens no self-evaluation"
    )
    assert supervisor.ask("POST", "/waste/evidence", late).status == 409, "A1 was not appealed"
    assert supervisor.ask("POST", "/waste/evidence", late | {"code": "A2"}).status == 204
    assert kitchen.ask("POST", "/waste/appeals", appeal).status == 409
    assert [one["kind"] for one in supervisor.call("GET", "/waste/reminders")].count("appeal") == 1
    assert supervisor.ask("POST", f"/waste/cases/{case}/withdraw", {"text": "台账属实"}).status == 204
    decision = {"accept": True, "text": "台账属实,重新评定"}
    assert supervisor.ask("POST", f"/waste/appeals/{number}/decision", decision).status == 403, "he froze it"
    assert network.approver.ask("POST", f"/waste/appeals/{number}/decision", decision).status == 204
    assert network.approver.ask("POST", f"/waste/appeals/{number}/decision", decision).status == 409
    again = evaluated(network)[canteen]
    assert (again["vetoed"], again["revision"], again["rank"] is not None) == (False, 1, True)
    moved = [old["code"] for old, new in zip(shown["points"], again["points"], strict=True) if old != new]
    assert moved == ["A2"], "what was not appealed stays as it was frozen"
    [listed] = kitchen.call("GET", "/waste/appeals")["items"]
    assert listed["revision"] == 1
    assert kitchen.call("GET", f"/waste/appeals/{listed['appeal_id']}")["decision"] == "台账属实,重新评定"

    bulletin = supervisor.call("POST", "/waste/bulletins", {"quarter": str(QUARTER)})["number"]
    path = f"/waste/bulletins/{bulletin}"
    assert urllib3.request("GET", f"{network.url}/bulletins/{bulletin}").status == 404, "a draft is nobody's business"
    foreword = "本季度 <b>各单位</b> 认真落实。"
    issued = {"foreword": foreword, "issuers": ["宁波市机关事务管理局"], "issuer_code": "甬机管通", "serial": None}
    assert supervisor.ask("PATCH", path, issued).status == 200
    assert supervisor.ask("PATCH", path, {"colour": "red"}).status == 400
    assert supervisor.ask("POST", f"{path}/publication").status == 403, "nobody publishes what he wrote"
    assert kitchen.ask("POST", f"{path}/publication").status == 403
    publication = f"{path}/publication", {"reason": "测试，不等申诉期满"}
    early = network.approver.ask("POST", publication[0])
    assert (early.status, early.json()["code"]) == (409, "bulletins.appeals_may_come")
    assert network.approver.ask("POST", *publication).status == 204
    assert supervisor.ask("PATCH", path, {"foreword": "x"}).status == 409
    facts = urllib3.request("GET", f"{network.url}/bulletins/{bulletin}/data").json()
    assert [len(group["lines"]) for group in facts["groups"]]
    assert facts["cases"]["opened"] >= 0
    text = pdf_text(urllib3.request("GET", f"{network.url}/bulletins/{bulletin}/pdf").data)
    assert "成效评估情况的通报" in text
    assert "余姚市机关事务中心" in text
    assert "宁波市机关事务管理局" in text
    assert f"甬机管通〔{TODAY.year}〕" in text
    text = pdf_text(urllib3.request("GET", f"{network.url}/bulletins/{bulletin}/pdf?lang=en").data)
    assert "Bulletin on the evaluation of anti-food-waste work" in " ".join(text.split())
    page = browser.new_page(viewport={"width": 900, "height": 1200}, locale="zh-CN")
    page.goto(f"{network.url}/bulletins/{bulletin}?lang=en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text(re.compile(r"^Bulletin on [\x00-\x7f]+$"))
    page.goto(f"{network.url}/bulletins")
    page.click("li a")
    expect(page.locator("h1")).to_contain_text("通报")
    expect(page.locator("body")).to_contain_text("<b>各单位</b>")
    expect(page.locator("body")).to_contain_text(f"甬机管通〔{TODAY.year}〕")
    assert page.locator("svg rect").count() == 7
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    ends = page.locator("figure .said").evaluate_all("all => all.map((one) => one.getBoundingClientRect().right)")
    assert len(ends) == 7
    assert max(ends) <= 390, "score and grade are on the screen"
    ends = page.locator(".rows td").evaluate_all("all => all.map((one) => one.getBoundingClientRect().right)")
    assert ends
    assert max(ends) <= 390, "no column of a table is hidden beside the screen"
    page.close()


def table_of(person: Any, path: str, language: str) -> list[list[str]]:
    headers = {"authorization": f"Bearer {person.token}", "accept-language": language}
    answer = urllib3.request("GET", f"{person.url}{path}", headers=headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-language"] == ("en" if language == "en" else "zh-Hans-CN")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_charts_to_draw_and_to_download(network: Network) -> None:
    """Keys and codes are the same in both languages; headings, words and the CSV are in the reader's."""
    supervisor, kitchen = network.person("supervisor"), network.person("kitchen-yuyao")
    evaluated(network)
    for chart in supervisor.call("GET", "/waste/charts"):
        name, columns = chart["chart"], chart["columns"]
        chinese, english = (supervisor.call("GET", f"/waste/charts/{name}?lang={tag}") for tag in ("zh-Hans", "en"))
        assert (chinese["columns"], english["columns"]) == (columns, columns)
        assert re.search("[一-鿿]", chinese["title"])
        assert not re.search("[一-鿿]", "".join([english["title"], *english["headings"]]))
        assert all(len(row) == len(columns) for row in chinese["rows"])
        assert table_of(supervisor, f"/waste/charts/{name}?format=csv", "zh-CN")[0] == chinese["headings"]
        assert table_of(supervisor, f"/waste/charts/{name}?format=csv", "en")[0] == english["headings"]
        assert len(kitchen.call("GET", f"/waste/charts/{name}")["rows"]) <= len(chinese["rows"])
    assert supervisor.ask("GET", "/waste/charts/luck").status == 404
    assert supervisor.ask("GET", "/waste/charts/live?format=pdf").json()["params"]["choices"] == "json, csv"
    assert len(supervisor.call("GET", "/waste/charts/trend")["rows"]) >= 18
    ranked = kitchen.call("GET", "/waste/charts/ranking")["rows"]
    assert len(ranked) == 2
    assert all("余姚" in row[6] for row in ranked)


def test_codes_of_a_chart_become_words_in_its_table(network: Network) -> None:
    supervisor, canteen = network.person("supervisor"), network.canteen_id("yuyao")
    found = {"canteen_id": canteen, "quarter": str(QUARTER), "what": "=留样不全", "responsible": "李主任",
             "due_on": str(TODAY)}  # fmt: skip
    number = supervisor.call("POST", "/waste/cases", found)["number"]
    shown = supervisor.call("GET", f"/waste/charts/cases?canteen_id={canteen}")
    [row] = [row for row in shown["rows"] if row[0] == number]
    assert row[3:5] == ["open", 0]
    assert (shown["words"]["state"]["open"], shown["words"]["level"]["0"]) == ("待整改", "食堂")
    path = f"/waste/charts/cases?canteen_id={canteen}&format=csv"
    [chinese], [english] = (
        [row for row in table_of(supervisor, path, language) if row[0] == str(number)] for language in ("zh", "en")
    )
    assert chinese[2:] == ["'=留样不全", "待整改", "食堂", str(TODAY), str(TODAY), "否"]
    assert english[3:] == ["open", "canteen", str(TODAY), str(TODAY), "no"]
    assert re.search("[一-鿿]", chinese[1])
    assert not re.search("[一-鿿]", english[1])


def test_inspections_are_drawn_once_and_shown_to_supervisors_alone(network: Network) -> None:
    supervisor, year = network.person("supervisor"), TODAY.year + 1
    plan = supervisor.call("POST", f"/waste/sampling-plans/{year}")
    assert len(plan["drawn"]) >= 0.35 * len(plan["candidates"])
    assert supervisor.ask("POST", f"/waste/sampling-plans/{year}").status == 409
    assert supervisor.ask("POST", f"/waste/sampling-plans/{year + 5}").status == 400
    assert network.person("kitchen-yuyao").ask("GET", f"/waste/sampling-plans/{year}").status == 403


def test_a_scale_weighs_without_a_network_and_takes_no_payments(network: Network, tmp_path: Any) -> None:
    folder = tmp_path / f"scale-{secrets.token_hex(3)}"
    scale = Terminal.enrol(network.url, network.slip("yuyao", kind="scale"), folder)
    yesterday = TODAY - timedelta(days=1)
    weighed = {"weigh_in_id": str(uuid4()), "business_date": str(yesterday), "meal": "dinner", "stream": "plate",
               "weight_g": 12_340}  # fmt: skip
    assert scale.weigh([weighed]).outcome == "recorded"
    assert scale.weigh([weighed]).outcome == "recorded", "sent again, it is the same weighing"
    canteen = network.canteen_id("yuyao")
    kitchen = network.person("kitchen-yuyao")
    history = f"/waste/canteens/{canteen}/weigh-ins?first={yesterday}&last={yesterday}"
    name = f"scale {scale.identity.terminal_id}"
    [kept] = [w for w in kitchen.call("GET", history) if w["recorded_by"] == name]
    assert (kept["weight_g"], kept["source"]) == (12_340, "scale")
    for status, wrong in ((400, {"business_date": "2020-01-01"}), (409, {"weight_g": 1})):
        try:
            scale.weigh([weighed | wrong])
        except Rejected as rejected:
            assert rejected.status == status
        else:
            raise AssertionError("it was taken")
    card = network.card(network.official("yuyao"))
    try:
        scale.charge_card(card, "lunch")
    except Rejected as rejected:
        assert rejected.status == 403
    else:
        raise AssertionError("a scale took money")
    for act in (lambda: scale.void(1, 1), lambda: scale.open_shift("c-1", "1")):
        with pytest.raises(Rejected) as forbidden_:
            act()
        assert forbidden_.value.status == 403
    _, foods = scale.exchange("GET", "/terminal/foods", f"{scale.epoch}/900")
    rice = next(food for food in json.loads(foods) if food["food"] == "rice")
    assert rice["name_zh"]
    till = network.terminal(tmp_path, "yuyao")
    with pytest.raises(Rejected) as forbidden_:
        till.exchange("GET", "/terminal/foods", f"{till.epoch}/900")
    assert forbidden_.value.status == 403
    try:
        till.weigh([weighed | {"weigh_in_id": str(uuid4())}])
    except Rejected as rejected:
        assert rejected.status == 403
    else:
        raise AssertionError("a till weighed")


def test_bookings_are_expected_guests(network: Network) -> None:
    kitchen, canteen = network.person("kitchen-yuyao"), network.canteen_id("yuyao")
    booking = {"canteen_id": canteen, "business_date": str(TODAY + timedelta(days=2)), "meal": "lunch", "booked": 40}
    today = booking | {"business_date": str(TODAY)}
    assert kitchen.ask("POST", "/waste/bookings", booking).status == 204
    assert kitchen.ask("POST", "/waste/bookings", booking | {"booked": 50}).status == 204
    assert kitchen.ask("POST", "/waste/bookings", booking | {"came": 35}).status == 400, "nobody came yet"
    assert kitchen.ask("POST", "/waste/bookings", today).status == 400, "booked before the meal's day only"
    assert kitchen.ask("POST", "/waste/bookings", today | {"came": 40}).status == 400, "nobody was booked"
    assert kitchen.ask("POST", "/waste/bookings", booking | {"booked": -1}).status == 400
    assert network.person("kitchen-hangzhou").ask("POST", "/waste/bookings", booking).status == 404


def weighing_page(network: Network, browser: Browser, query: str = "") -> Page:
    page = browser.new_page(viewport={"width": 420, "height": 900}, locale="zh-CN")
    page.goto(f"{network.url}/weighing{query}")
    page.fill("[name=login]", "kitchen-yinzhou")
    page.fill("[name=password]", PASSWORD)
    page.click("#sign-in button")
    expect(page.locator("#weigh")).to_be_visible()
    return page


def weigh(page: Page, weight: str) -> None:
    page.fill("#weight", weight)
    page.click("#weigh .primary")


def test_weighing_on_the_page(network: Network, browser: Browser) -> None:
    """Recorded with a photo; kept while the centre is away, and sent when it is back; canceled."""
    page = weighing_page(network, browser)
    page.set_input_files("#photo", {"name": "a.png", "mimeType": "image/png", "buffer": PNG})
    page.click("#streams label:nth-of-type(2)")
    weigh(page, "12,5")
    expect(page.locator("#done li")).to_contain_text("备餐剩余（未取用） 12.5公斤")
    expect(page.locator("#state")).to_have_text("已登记")
    page.route("**/waste/weigh-ins", lambda route: route.abort())
    weigh(page, "0.7")
    expect(page.locator("#done li.waiting")).to_contain_text("待上传")
    page.unroute("**/waste/weigh-ins")
    weigh(page, "0.8")
    expect(page.locator("#done li.waiting")).to_have_count(0)
    expect(page.locator("#done li")).to_have_count(3)
    page.click("#done li:first-child button")
    expect(page.locator("#done li:first-child")).to_contain_text("已撤销")
    page.once("dialog", lambda dialog: dialog.accept())
    weigh(page, "0")
    expect(page.locator("#done li")).to_have_count(4)
    expect(page.locator("#done li:first-child")).to_contain_text("0公斤")
    page.close()
    kitchen, canteen = network.person("kitchen-yinzhou"), network.canteen_id("yinzhou")
    history = kitchen.call("GET", f"/waste/canteens/{canteen}/weigh-ins?first={TODAY}&last={TODAY}")
    # After the cut-off the city's own weighings of the day are there, too.
    assert {w["weight_g"] for w in history} >= {0, 700, 12_500}
    [taken_back] = [w for w in history if w["weight_g"] is None]
    assert [w["weight_g"] for w in history if w["replaced_by"] == taken_back["weigh_in_id"]] == [800]
    [first] = [w for w in history if w["weight_g"] == 12_500]
    [photo] = kitchen.call("GET", f"/waste/weigh-ins/{first['weigh_in_id']}/photos")
    assert kitchen.ask("GET", photo["url"]).data == PNG


def test_the_weighing_page_speaks_one_language(network: Network, browser: Browser) -> None:
    """The browser's unless another is asked for; what the centre refuses is explained in it, too, and shown."""
    page = weighing_page(network, browser)
    for wrong in ("1,000", "many", "2000.5", "0"):
        weigh(page, wrong)
        expect(page.locator("#state")).to_contain_text("重量应")
    page.fill("#date", "2020-01-02")
    weigh(page, "3")
    expect(page.locator("#done li.refused")).to_contain_text("未登记：日期2020-01-02超出可登记范围")
    expect(page.locator("#state")).to_contain_text("日期2020-01-02超出可登记范围")
    visible = page.inner_text("body").replace("English", "").replace("kitchen-yinzhou", "")
    assert not re.search("[A-Za-z]{2,}", visible), visible
    page.click("#language")
    page.fill("#date", "2020-01-02")
    weigh(page, "4")
    expect(page.locator("#state")).to_contain_text("The date 2020-01-02 is out of range")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.close()
    english = weighing_page(network, browser, "?lang=en")
    weigh(english, "0.3")
    expect(english.locator("#done li")).to_contain_text("Plate waste 0.3 kg")
    assert not re.search("[一-鿿]", english.inner_text("body").replace("中文", ""))
    english.close()


def test_an_ended_session_loses_no_weigh_in(network: Network, browser: Browser) -> None:
    page = weighing_page(network, browser)
    page.route("**/waste/weigh-ins", lambda route: route.continue_(headers={"authorization": "Bearer old"}))
    weigh(page, "0.4")
    expect(page.locator("#session")).to_contain_text("登录已过期")
    expect(page.locator("#state")).to_contain_text("已保存在本机")
    expect(page.locator("#done li.waiting")).to_have_count(1)
    page.unroute("**/waste/weigh-ins")
    page.fill("[name=password]", PASSWORD)
    page.click("#sign-in button")
    expect(page.locator("#done li.waiting")).to_have_count(0)
    expect(page.locator("#done li")).to_contain_text("0.4公斤")
    page.close()


def test_the_page_has_the_words_of_the_catalogue() -> None:
    script = (Path(web.__file__).parent / "weighing" / "weighing.js").read_text(encoding="utf-8")
    for language in Language:
        for kind, values in (("meal", Meal), ("stream", Stream)):
            for value in values:
                assert f'{value}: "{catalogue.text(f"measures.{kind}.{value}", language)}"' in script
