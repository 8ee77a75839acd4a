"""The appeal file of a score: the canteen's people and supervisors print it, and can compute the score again."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pypdfium2 as pdfium
import pytest
import urllib3

from foundation.catalogue import Language
from tests.builders import Network
from tests.rules.test_formulas import reckoned
from tests.running_system import System
from tests.system.test_audit_entries import QUARTER, City, appeal, evidence, self_evaluation
from waste.evaluation.definitions import definitions

PERIOD = date.fromisoformat(QUARTER)


@pytest.fixture(scope="module")
def city(scratch: Path) -> Iterator[City]:
    """Scored by the agency and an inspector, evaluated, a weight corrected, a figure flagged."""
    folder = scratch / "appealed"
    folder.mkdir()
    system = System(folder, workers="1")
    system.start()
    made = City(Network(system), folder)
    for ask in (self_evaluation(made), evidence(made)):
        made.person(ask.who).call("POST", ask.path, ask.body)
    with psycopg.connect(system.database_url) as connection:
        connection.execute(
            "INSERT INTO weigh_in (book, weigh_in_id, canteen_id, business_date, meal, stream, weight_g, replaces,"
            " recorded_by, recorded_at) SELECT book, %s, canteen_id, business_date, meal, stream, 4321, weigh_in_id,"
            " 'kitchen-yinzhou', now() FROM weigh_in WHERE canteen_id = %s AND business_date >= %s ORDER BY"
            " business_date LIMIT 1",
            (uuid4(), made.canteen(), QUARTER),
        )
        connection.execute(
            "INSERT INTO kitchen_flag (book, flag_id, canteen_id, rule, first_day, last_day, meal, stream, figure,"
            " rows, state, found_at) SELECT book, nextval('onecard_number'), canteen_id, 'weight_outlier', %s, %s,"
            " 'lunch', 'plate', 98.5, '[]', 'open', now() FROM canteen WHERE canteen_id = %s",
            (PERIOD, PERIOD, made.canteen()),
        )
    supervisor = made.person("supervisor")
    flags = supervisor.call("GET", f"/waste/flags/explained?first={PERIOD}&last={PERIOD}")
    [flag] = [one for one in flags if one["rule"] == "weight_outlier" and one["canteen_id"] == made.canteen()]
    supervisor.ask("POST", f"/waste/flags/{flag['flag_id']}/review", {"uphold": False, "note": "秤已检定"})
    yield made
    system.clear_away()


def ask(city: City, who: str, canteen: int, language: str = "zh") -> urllib3.BaseHTTPResponse:
    url = f"{city.network.url}/waste/evaluations/{QUARTER}/canteens/{canteen}/file?lang={language}"
    headers = {"authorization": f"Bearer {city.person(who).token}"}
    return urllib3.request("GET", url, headers=headers, retries=False, timeout=60)


def text_of(answer: urllib3.BaseHTTPResponse) -> str:
    """The text of a PDF, without the breaks of its lines."""
    assert answer.status == 200, answer.data
    pages = [page.get_textpage().get_text_range() for page in pdfium.PdfDocument(answer.data)]
    return re.sub(r"[\r\n\u200b\ufffe]+", "", "".join(pages))


def evaluation(city: City) -> dict[str, Any]:
    shown = city.person("supervisor").call("GET", f"/waste/evaluations/{QUARTER}")
    return next(one for one in shown["evaluations"] if one["canteen_id"] == city.canteen())


def test_a_draft_is_not_printed_for_the_canteen(city: City) -> None:
    supervisor = city.person("supervisor")
    assert supervisor.call("POST", f"/waste/evaluations/{QUARTER}")["evaluated"]
    assert ask(city, "kitchen-yinzhou", city.canteen()).status == 409
    assert ask(city, "supervisor", city.canteen()).status == 200
    assert city.frozen


def test_all_that_the_score_rests_on_is_printed(city: City) -> None:
    assert city.frozen
    raised = appeal(city)
    city.person(raised.who).call("POST", raised.path, raised.body)
    text = text_of(ask(city, "kitchen-yinzhou", city.canteen()))
    shown = evaluation(city)
    assert f"{shown['scheme']}，自" in text
    assert f"{shown['score']:.1f}（{shown['low']:.1f}至{shown['high']:.1f}）" in text
    assert "4.321" in text, "the correction"
    assert re.search(r"餐盘剩余 ?午餐 ?单餐称重异常：每人次98.5克", text), "the flag, with its stream and meal"
    assert re.search(r"秤已检定（supervisor，\d{4}-", text), "who reviewed it, and when"
    assert re.search(r"核查提示 ?提示 ?\d+ ?秤已检定; 核查无误", text), "the review among what was done"
    assert not re.search("(quarter|evidence|flag|appeal)/", text), "subjects are in words"
    for action in ("抽查评分", "核定结果", "提出申诉"):
        assert action in text
    assert raised.body["text"] in text
    assert "现场查看" in text
    for term in definitions(PERIOD, Language.CHINESE):
        assert term.text in text


def test_every_point_can_be_computed_again_from_the_file(city: City) -> None:
    """Its printed formulas, reckoned, give the points that were published; their sum is the score."""
    assert city.frozen
    text = text_of(ask(city, "kitchen-yinzhou", city.canteen()))
    shown = evaluation(city)
    points = {point["code"]: point for point in shown["points"]}
    section = text[text.index("各项得分与计算") : text.index("各周数据")]
    found = re.search(r"D1 ?称重完整率 ?[\d.]+% ?(\d+ ÷ \d+?) ?(8 × .*?[)%]) ?(\d\.\d\d) ?8 ?D2", section)
    assert found, section
    assert abs(reckoned(found[1]) - points["D1"]["value"]) < 0.0001
    assert abs(reckoned(found[2]) - points["D1"]["points"]) < 0.011
    assert float(found[3]) == points["D1"]["points"]
    found = re.search(r"总分：(100×[\d.]+÷[\d.]+)＝(\d+\.\d)", section)
    assert found
    assert abs(reckoned(found[1]) - shown["score"]) < 0.06
    assert float(found[2]) == shown["score"]


def test_what_is_left_out_says_why(city: City) -> None:
    text = text_of(ask(city, "supervisor", city.canteen()))
    assert re.search(r"B2 ?预约就餐履约率 ?— ?预约不足\d+次，不计入总分 ?— ?— ?—", text)


def test_a_canteen_sees_its_peers_scores_and_a_supervisor_their_names(city: City) -> None:
    assert city.frozen
    assert ask(city, "kitchen-yuyao", city.canteen()).status == 404
    assert ask(city, "kitchen-yinzhou", 1).status == 404
    names = {
        one["name_zh"] for one in city.person("supervisor").call("GET", f"/waste/evaluations/{QUARTER}")["evaluations"]
    }
    seen = text_of(ask(city, "kitchen-yinzhou", city.canteen()))
    assert "其他食堂" in seen
    assert sum(name in seen for name in names) == 1
    assert sum(name in text_of(ask(city, "supervisor", city.canteen())) for name in names) > 1


def test_the_english_file_says_the_same(city: City) -> None:
    assert city.frozen
    text = text_of(ask(city, "supervisor", city.canteen(), "en"))
    for heading in ("Appeal file", "Rules", "Points and how they were computed", "Who did what", "Definitions"):
        assert heading in text
    assert "freeze results" in text
