"""The page that checks a receipt, in a real browser: by camera, by a picture of the code, and the way back."""

import io
from pathlib import Path

import pytest
import qrcode
import urllib3
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.axe import violations
from tests.builders import Network
from tests.conftest import CHROMIUM, CHROMIUM_ARGUMENTS

SLOW_MS = 60_000


@pytest.fixture
def number(network: Network, scratch: Path) -> str:
    """Of a receipt."""
    receipt = network.terminal(scratch).charge_card(network.card(network.official()), "lunch").receipt
    assert receipt is not None
    return receipt.number


def test_a_picture_is_read_and_every_page_leads_back(
    network: Network, browser: Browser, number: str, scratch: Path
) -> None:
    page = browser.new_page(locale="en", viewport={"width": 390, "height": 800})
    page.goto(f"{network.url}/r/{number}?from=phone")
    picture, white = scratch / "receipt.png", scratch / "white.png"
    page.screenshot(path=picture, full_page=True)
    Image.new("RGB", (400, 400), "white").save(white)
    page.get_by_role("link", name="Check a receipt").click()
    choose = page.get_by_label("Choose a picture")
    choose.set_input_files(white)
    expect(page.locator("#state")).to_have_text("There is no code in the picture.", timeout=SLOW_MS)
    choose.set_input_files(picture)
    expect(page.locator("#genuine")).to_be_visible(timeout=SLOW_MS)
    expect(page.locator("[data-field=number]")).to_have_text(number)
    assert violations(page) == []
    page.get_by_role("link", name="中文").click()
    page.get_by_role("link", name="‹ 返回凭证").click()
    expect(page.locator(".number")).to_have_text(number)
    expect(page.get_by_role("link", name="‹ 返回账单")).to_have_attribute("href", "/phone/#bills")
    page.goto(f"{network.url}/r/{number}")
    expect(page.locator(".back")).to_have_count(0)
    page.close()


def test_without_a_camera_it_says_what_else_does(network: Network, browser: Browser) -> None:
    page = browser.new_page(locale="zh-CN")
    page.goto(f"{network.url}/check-receipt")
    expect(page.get_by_role("link", name="‹ 机关食堂一卡通")).to_be_visible()
    page.get_by_role("button", name="用摄像头扫描").click()
    expect(page.get_by_role("status")).to_contain_text("请选择二维码的图片", timeout=SLOW_MS)
    expect(page.get_by_role("button", name="用摄像头扫描")).to_have_attribute("aria-pressed", "false")
    page.close()


def test_a_camera_reads_the_code_by_the_keyboard_alone(
    network: Network, browser: Browser, number: str, scratch: Path
) -> None:
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_L, box_size=6)
    code.add_data(urllib3.request("GET", f"{network.url}/receipts/{number}").json()["code"])
    picture = Image.new("RGB", (1280, 720), "white")
    drawn = code.make_image().convert("RGB")
    picture.paste(drawn, ((1280 - drawn.width) // 2, (720 - drawn.height) // 2))
    frame = io.BytesIO()
    picture.save(frame, "JPEG", quality=90)
    film = scratch / "receipt.mjpeg"
    film.write_bytes(frame.getvalue() * 30)
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    arguments = [*CHROMIUM_ARGUMENTS, *camera, f"--use-file-for-fake-video-capture={film}"]
    chromium = browser.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    page = chromium.new_context(locale="zh-CN").new_page()
    page.goto(f"{network.url}/check-receipt")
    page.get_by_role("button", name="用摄像头扫描").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#genuine")).to_be_visible(timeout=SLOW_MS)
    expect(page.locator("[data-field=number]")).to_have_text(number)
    expect(page.get_by_label("摄像头画面")).to_be_hidden()
    chromium.close()
