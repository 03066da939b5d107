"""Three languages in a browser: chosen before signing in, on every page, and by scripts."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import EMAIL, PASSWORD
from tests.fakes import Status, says

WORDS = {
    "en": ("English", "Email", "Password", "Sign in", "Channels", "Message", "Answer again"),
    "zh-Hant": ("繁體中文", "電子郵件", "密碼", "登入", "頻道", "訊息", "重新回答"),
    "zh-Hans": ("简体中文", "电子邮件", "密码", "登录", "频道", "消息", "重新回答"),
}
REFUSALS = {
    "en": ("The email or the password is not right.", "The model provider refused our key."),
    "zh-Hant": ("電子郵件或密碼不正確。", "模型供應商拒絕了我們的金鑰。"),
    "zh-Hans": ("电子邮件或密码不正确。", "模型提供商拒绝了我们的密钥。"),
}
PATHS = (
    "/channels",
    "/tools",
    "/settings/agents",
    "/settings/account",
    "/settings/usage",
    "/nowhere",
)


@pytest.mark.parametrize("lang", WORDS)
def test_a_person_chooses_a_language_and_talks_in_it_on_a_phone(open_browser, server, lang):
    own_name, email, password, sign_in, channels, message, again = WORDS[lang]
    not_right, refused = REFUSALS[lang]
    # The browser wants another one.
    locale = "zh-CN" if lang == "en" else "en-US"
    page = open_browser(
        viewport={"width": 390, "height": 844}, storage_state=None, locale=locale
    ).new_page()
    page.goto("/login?next=/channels")
    page.get_by_role("button", name=own_name).click()
    expect(page.locator(f"html[lang={lang}]")).to_be_attached()
    page.get_by_label(email).fill(EMAIL)
    page.get_by_label(password).fill("a wrong one")
    page.get_by_role("button", name=sign_in, exact=True).click()
    expect(page.get_by_role("alert")).to_have_text(not_right)
    page.get_by_label(password).fill(PASSWORD)
    page.get_by_role("button", name=sign_in, exact=True).click()
    expect(page.get_by_role("heading", name=channels, exact=True)).to_be_visible()
    page.locator("#title").fill("Kelp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/channels/*")
    server.fake.enqueue(says("Deep."))
    page.get_by_role("textbox", name=message).fill("How deep?")
    page.keyboard.press("Enter")
    answer = page.locator(".answer[data-status=complete]")
    expect(answer.get_by_text("Deep.")).to_be_visible()
    expect(answer.get_by_role("button", name=again)).to_be_attached()
    server.fake.enqueue([Status(401)])
    page.get_by_role("textbox", name=message).fill("And now?")
    page.keyboard.press("Enter")
    expect(page.locator(".answer[data-status=failed] .problem")).to_contain_text(refused)
    for path in (page.url, f"{page.url}/settings", *PATHS):
        page.goto(path)
        expect(page.locator(f"html[lang={lang}]")).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path


def test_a_language_that_one_chooses_later_goes_before_the_browsers(open_browser):
    page = open_browser(locale="zh-TW").new_page()
    page.goto("/settings/account")
    page.locator("select[name=language]").select_option("en")
    page.get_by_role("button", name="儲存外觀").click()
    expect(page.locator("html[lang=en]")).to_be_attached()
    expect(page.get_by_role("heading", name="Account")).to_be_visible()


def test_the_browsers_language_is_that_of_the_page_and_of_what_scripts_say(open_browser, server):
    page = open_browser(locale="zh-TW", timezone_id="Asia/Taipei").new_page()
    page.goto("/channels")
    page.locator("#title").fill("海")
    page.keyboard.press("Enter")
    page.wait_for_url("**/channels/*")
    server.fake.enqueue([Status(401)])
    page.get_by_role("textbox", name="訊息").fill("多深？")
    page.keyboard.press("Enter")
    answer = page.locator(".answer[data-status=failed]")
    expect(answer.get_by_text("模型供應商拒絕了我們的金鑰。")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("Assistant 無法完成回答。")
    expect(page.locator(".history time").first).to_contain_text("午")
