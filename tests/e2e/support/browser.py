"""A headless Chromium: what a person with a mouse, or with a keyboard alone, can do with a page, and what the page said
that went wrong."""

import base64
import os
import shutil
import unittest
from pathlib import Path

from support.processes import wait_until

try:
    from selenium import webdriver
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:  # requires_browser says so
    webdriver = None

requires_browser = unittest.skipUnless(
    webdriver and shutil.which("chromium") and shutil.which("chromedriver"),
    "./test installs the packages chromium, chromium-driver and python3-selenium",
)

WIDTHS = (360, 768, 1280, 1920)


def pictures():
    """The folder where screenshots are kept: build/PRESET/reports/status-page."""
    build = Path(os.environ["SALLYPORT_BIN"]).resolve().parent
    folder = build / "reports" / "status-page"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Browser:
    """One window. `folder` is for its profile and for what it downloads."""

    def __init__(self, folder):
        self.downloads = folder / "downloads"
        self.downloads.mkdir(parents=True)
        options = webdriver.ChromeOptions()
        for argument in (
            "--headless=new",
            "--no-sandbox",  # root, as in a container
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-component-update",
            "--force-color-profile=srgb",
            f"--user-data-dir={folder / 'profile'}",
        ):
            options.add_argument(argument)
        options.binary_location = shutil.which("chromium")
        options.accept_insecure_certs = True
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.chrome.service.Service(
            shutil.which("chromedriver"), log_path=str(folder / "chromedriver.log")
        )
        self.driver = webdriver.Chrome(service=service, options=options)
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(60)
        self._cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))
        self.see(1280)

    def close(self):
        self.driver.quit()

    def _cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    # ---- the window ----------------------------------------------------------------------------

    def see(self, width, height=900, scheme="light"):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._cdp("Emulation.setDeviceMetricsOverride", **metrics)
        self._cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url):
        self.driver.get(url)

    def picture(self, name, whole=True):
        """A screenshot of the whole page, kept as output of the test."""
        options = {}
        if whole:
            size = self._cdp("Page.getLayoutMetrics")["cssContentSize"]
            width = self.script("return innerWidth")  # without a scroll bar, which the picture does not have
            options = {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": width, "height": min(size["height"], 8000), "scale": 1},
            }
        data = self._cdp("Page.captureScreenshot", format="png", **options)["data"]
        file = pictures() / f"{name}.png"
        file.write_bytes(base64.b64decode(data))
        return file

    # ---- what is there -------------------------------------------------------------------------

    def script(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def text(self, selector):
        return self.script("return document.querySelector(arguments[0]).textContent", selector)

    def rows(self, section):
        """The texts of the cells of each row that is shown in a section's table."""
        rows = self.script(
            "return [...document.querySelectorAll(arguments[0] + ' tbody tr')]"
            ".map((row) => [...row.cells].map((cell) => cell.innerText.trim()))",
            section,
        )
        return [row for row in rows if len(row) > 1]

    def column(self, section, title):
        titles = self.script(
            "return [...document.querySelectorAll(arguments[0] + ' thead th button')]"
            ".map((button) => button.firstChild.textContent)",
            section,
        )
        place = titles.index(title)
        return [row[place] for row in self.rows(section)]

    def complaints(self):
        """Errors of the console since the last time: exceptions, violations of the CSP, failed requests."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    # ---- what a person does --------------------------------------------------------------------

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def title(self, section, title):
        """The button by which a table is sorted."""
        path = f"//section[@id='{section}']//thead//th/button[starts-with(normalize-space(.), '{title}')]"
        return self.driver.find_element(By.XPATH, path)

    def click(self, element):
        self.script("arguments[0].scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'})", element)
        element.click()

    def write(self, selector, text):
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, condition, most=400):
        """Presses Tab until this script expression about `at`, the focused element, is true."""
        for _ in range(most):
            self.press(Keys.TAB)
            if self.script(f"const at = document.activeElement; return Boolean({condition})"):
                return
        raise AssertionError(f"the keyboard does not reach {condition}")

    def downloaded(self, name):
        file = self.downloads / name

        def is_whole():
            # The browser makes an empty file of that name first, writes another one, and renames that over it.
            return file.exists() and file.stat().st_size > 0 and not list(self.downloads.glob("*.crdownload"))

        wait_until(is_whole, f"{name} has arrived", 30)
        with file.open(newline="") as arrived:
            content = arrived.read()
        file.unlink()
        return content


# ---- what a script can tell of accessibility ---------------------------------------------------------


def browser_of(case_class):
    """A browser for all tests of the class; it ends with them."""
    browser = Browser(case_class.folder / "browser")
    case_class.addClassCleanup(browser.close)
    return browser


CONTRASTS = r"""
const parse = (text) => {
  const parts = text.match(/[\d.]+/g).map(Number);
  return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
};
const light = (rgb) => {
  const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (at) => {
  for (; at; at = at.parentElement) {
    const { rgb, alpha } = parse(getComputedStyle(at).backgroundColor);
    if (alpha === 1) return rgb;
  }
  return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
};
const faults = [];
let seen = 0;
for (const at of document.querySelectorAll('body *')) {
  const own = [...at.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const field = ['INPUT', 'SELECT'].includes(at.tagName);
  if ((!own && !field) || at.disabled || !at.checkVisibility() || at.closest('noscript')) continue;
  ++seen;
  const a = light(parse(getComputedStyle(at).color).rgb);
  const b = light(ground(at));
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) faults.push(`${at.tagName}.${at.className} "${at.textContent.slice(0, 30)}": ${contrast}`);
}
return { seen, faults: [...new Set(faults)] };
"""

NAMES = r"""
const faults = [];
const visible = (selector) => [...document.querySelectorAll(selector)].filter((at) => at.checkVisibility());
for (const at of visible('button, input, select, a[href]')) {
  const name = at.getAttribute('aria-label') || (at.labels && at.labels.length && at.labels[0].textContent.trim())
    || at.textContent.trim();
  if (!name) faults.push(`no name: ${at.outerHTML.slice(0, 80)}`);
}
let level = 0;
for (const at of visible('h1, h2, h3, h4')) {
  const next = Number(at.tagName[1]);
  if (next > level + 1) faults.push(`a heading skips a level: ${at.textContent}`);
  level = next;
}
if (visible('h1').length !== 1) faults.push('not one h1');
for (const name of ['header', 'main', 'nav', 'footer']) {
  if (visible(name).length !== 1) faults.push(`not one ${name}`);
}
for (const at of visible('section')) {
  if (!document.getElementById(at.getAttribute('aria-labelledby'))) faults.push(`a section without a name: ${at.id}`);
}
for (const at of visible('table')) {
  if (!at.caption || !at.caption.textContent.trim()) faults.push('a table without a caption');
  if ([...at.tHead.rows[0].cells].some((cell) => cell.tagName !== 'TH' || cell.scope !== 'col'))
    faults.push('a column without a header');
  if (at.tHead.querySelectorAll('th[aria-sort]').length !== 1) faults.push('not sorted by one column');
}
const ids = [...document.querySelectorAll('[id]')].map((at) => at.id);
if (new Set(ids).size !== ids.length) faults.push('an id is there twice');
if (!document.documentElement.lang || !document.title) faults.push('no language or title');
if (document.querySelectorAll('[tabindex]').length &&
    [...document.querySelectorAll('[tabindex]')].some((at) => at.tabIndex > 0)) faults.push('a tab order of its own');
return faults;
"""

OVERFLOW = r"""
const root = document.documentElement;
const faults = [];
if (root.scrollWidth > root.clientWidth) faults.push(`the page is ${root.scrollWidth} wide in ${root.clientWidth}`);
for (const at of document.querySelectorAll('main *, header *, footer *')) {
  if (at.closest('.scroll table') || at.closest('.visually-hidden') || !at.checkVisibility()) continue;
  const box = at.getBoundingClientRect();
  if (box.right > root.clientWidth + 1) faults.push(`${at.tagName}#${at.id}.${at.className} ends at ${box.right}`);
}
return faults;
"""
