"""The studio page in headless Chromium, driven as a person would. Needs chromium and chromedriver.

    python3 tests/peers/server_studio.py [--pictures DIR]
"""
import argparse
import base64
import json
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from server_program import Server


class Browser:
    """chromedriver's own HTTP (W3C WebDriver)."""

    ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

    def __init__(self, port=9517):
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}", "--silent"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.root = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                urllib.request.urlopen(self.root + "/status", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,900"]}
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = "/session/" + made["sessionId"]

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.root + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self.call("POST", self.session + "/url", {"url": url})

    def run(self, script, *arguments):
        return self.call("POST", self.session + "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, css):
        return self.call("POST", self.session + "/element", {"using": "css selector", "value": css})[self.ELEMENT]

    def click(self, css):
        self.call("POST", f"{self.session}/element/{self.find(css)}/click", {})

    def type(self, css, text):
        self.call("POST", f"{self.session}/element/{self.find(css)}/value", {"text": text})

    def clear(self, css):
        self.call("POST", f"{self.session}/element/{self.find(css)}/clear", {})

    def press(self, key):
        self.call("POST", self.session + "/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]})

    def hover(self, css):
        self.call("POST", self.session + "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [
            {"type": "pointerMove", "origin": {self.ELEMENT: self.find(css)}, "x": 0, "y": 0}]}]})

    def dark(self, on):
        self.call("POST", self.session + "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]}})

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.call("GET", self.session + "/screenshot")))

    def complaints(self):
        return self.call("POST", self.session + "/se/log", {"type": "browser"})

    def wait(self, script, patience=30):
        end = time.monotonic() + patience
        while not (value := self.run("return " + script)):
            assert time.monotonic() < end, script
            time.sleep(0.05)
        return value

    def close(self):
        try:
            self.call("DELETE", self.session)
        finally:
            self.driver.terminate()


def chats(browser, url):
    browser.open(url)
    browser.wait("document.getElementById('status').textContent.includes('ok')")
    assert browser.run("return document.activeElement === document.body")
    browser.clear("#max_tokens")
    browser.type("#max_tokens", "24")
    browser.type("#message", "Name three rivers.\ue007")
    browser.wait("document.querySelectorAll('.assistant .token').length >= 24 && document.getElementById('stop').disabled")
    assert browser.run("return document.getElementById('speed').textContent").endswith("tokens/s")
    assert "The model answered" in browser.run("return document.getElementById('announcement').textContent")


def shows_probabilities(browser):
    browser.hover(".assistant .token:nth-child(3)")
    browser.wait("!document.getElementById('token-card').hidden")
    rows = browser.run("return [...document.querySelectorAll('#token-card tr')].map((row) => row.cells[1].textContent)")
    assert len(rows) >= 5 and all(row.endswith("%") for row in rows)
    browser.run("document.getElementById('messages').focus()")
    browser.press("\ue014")
    assert browser.run("return document.activeElement.classList.contains('token')")


def stops(browser):
    browser.run("document.getElementById('max_tokens').value = 2000; document.getElementById('message').focus()")
    browser.type("#message", "Write a very long story.\ue007")
    browser.wait("document.querySelectorAll('.assistant:last-child .token').length > 5")
    browser.press("\ue00c")
    browser.wait("document.getElementById('announcement').textContent === 'Stopped.'")
    browser.click("#clear")
    assert browser.run("return document.querySelectorAll('#messages li').length") == 0


def works_by_keyboard(browser):
    browser.run("document.getElementById('tab-chat').focus()")
    browser.press("\ue014")
    assert browser.run("return document.activeElement.id") == "tab-model"
    browser.wait("document.querySelectorAll('#facts dd').length > 5")
    unlabelled = browser.run("""return [...document.querySelectorAll('input, textarea, select')]
        .filter((field) => field.labels.length === 0).map((field) => field.id)""")
    assert unlabelled == [], unlabelled
    outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "the focus cannot be seen"


def shows_runs(browser):
    browser.click("#tab-runs")
    browser.wait("document.querySelector('#curve svg path')")
    assert "loss" in browser.run("return document.querySelector('#curve svg title').textContent")
    browser.click("#logarithmic")
    browser.wait("document.querySelector('#curve svg path')")
    assert browser.run("return document.getElementById('recipe').textContent").startswith("system")


def contrast(browser):
    """The least contrast of text against its ground (WCAG 2.1: at least 4.5)."""
    return browser.run("""
        const light = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
          .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
          .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const ground = (node) => { for (; node; node = node.parentElement) {
          const color = getComputedStyle(node).backgroundColor;
          if (color !== 'rgba(0, 0, 0, 0)') return color; } return 'rgb(255, 255, 255)'; };
        return Math.min(...[...document.querySelectorAll('h1, h2, p, label, button, dt, dd, summary, pre')]
          .filter((node) => node.offsetParent && node.textContent.trim())
          .map((node) => { const a = light(getComputedStyle(node).color), b = light(ground(node));
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }));""")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "first"
        run.mkdir()
        (run / "metrics.jsonl").write_text("".join(json.dumps({"step": i, "loss": 5 / (1 + i / 50)}) + "\n" for i in range(300)))
        (run / "recipe.toml").write_text('system = "open-gpt"\n')
        with Server("smollm2-135m-instruct", "--runs", folder) as server:
            browser = Browser()
            try:
                chats(browser, server.url)
                shows_probabilities(browser)
                for dark in (False, True):
                    browser.dark(dark)
                    assert contrast(browser) >= 4.5, contrast(browser)
                    if arguments.pictures:
                        browser.picture(arguments.pictures / f"studio-{'dark' if dark else 'light'}.png")
                stops(browser)
                works_by_keyboard(browser)
                shows_runs(browser)
                assert contrast(browser) >= 4.5, contrast(browser)
                if arguments.pictures:
                    browser.picture(arguments.pictures / "studio-runs.png")
                complaints = [line for line in browser.complaints() if line["level"] == "SEVERE"]
                assert complaints == [], complaints
            finally:
                browser.close()
    print("ok")


if __name__ == "__main__":
    main()
