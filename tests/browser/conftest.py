"""A site in headless Chromium. `make browser` runs these tests, and nothing else does."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs import result_of, solving, training_of, write_run

from arlarena_bench.harness.scoring import score_policy
from arlarena_bench.record import PolicyRecord, StartRecord
from arlarena_bench.site.building import make_site
from arlarena_bench.site.publishing import write_site

ROOT = Path(__file__).parents[2]
GRID = ROOT / "leaderboard" / "nano" / "sokoban"
OLDER = ROOT / "leaderboard" / "noisy-starts" / "nano" / "alfworld_mini"
OTHERS = ("alfworld_mini", "tir_math_mini", "webshop_mini")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
WIDE, PHONE = 1280, 390
SECONDS = 10.0  # that a page may take to follow what it was told


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "ARLARENA_BROWSER" not in os.environ:
        skip = pytest.mark.skip(reason="`make browser` runs it")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with every kind of page."""
    leaderboard = tmp_path_factory.mktemp("leaderboard")
    for method in ("grpo", "sapo", "sampo", "grpo_x2"):
        for seed in range(3):
            run = f"{method}/seed-{seed}"
            shutil.copytree(GRID / run, leaderboard / "nano" / "sokoban" / run)
    for name in ("start", "expert"):
        shutil.copytree(GRID / name, leaderboard / "nano" / "sokoban" / name)
    for name in OTHERS:
        # Told of a method, for what is only measured by has no table alone.
        played = score_policy("expert", "nano", name, "test", 3, print, "arlarena evaluate")
        method = played.recipe.method.name
        trained = {
            "policy": PolicyRecord(kind="trained", name=method),
            "start": StartRecord(name="cloned", sha256="5" * 64),
            "training": training_of(method, 0, {}),
        }
        write_run(leaderboard / "nano" / name, played.model_copy(update=trained))
    shutil.copytree(OLDER, leaderboard / "noisy-starts" / "nano" / "alfworld_mini")
    result = result_of("grpo", 0, solving(2), preset="nano-stress")
    episodes = tuple(
        e.model_copy(
            update={"turns": e.turns.model_copy(update={"replies": (HOSTILE,) * e.length})}
        )
        for e in result.main.episodes
        if e.turns
    )
    scores = {"sampled": result.main.model_copy(update={"episodes": episodes})}
    write_run(leaderboard / "nano-stress/sokoban", result.model_copy(update={"scores": scores}))
    out = tmp_path_factory.mktemp("site")
    write_site(make_site(leaderboard, 4), out)
    return out


class Browser:
    """Chromium, with what a test asks of it."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self.folder = folder

    def show(self, page: str, width: int = WIDE, scheme: str = "light") -> None:
        """Open a page anew at a width and in a colour scheme."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.prefer(scheme)
        self.driver.get("about:blank")
        self.driver.get(f"{self.folder.as_uri()}/{page}")

    def prefer(self, scheme: str, media: str = "") -> None:
        """Let the machine prefer a colour scheme, and pages be for a medium."""
        told = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in told.items()]
        asked = {"media": media, "features": features}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", asked)
        # The page hears of it later than the command returns.
        self.until(f"return matchMedia('(prefers-color-scheme: {scheme})').matches", True)

    def until(self, script: str, value: Any) -> None:
        """Wait until a script returns a value, a page's answer to what it was told."""
        until = time.monotonic() + SECONDS
        while (found := self.js(script)) != value:
            assert time.monotonic() < until, f"{script}: {found} after {SECONDS} s, not {value}"
            time.sleep(0.02)

    def js(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        """Return the one element of a selector."""
        (found,) = self.all(selector)
        return found

    def all(self, selector: str) -> list[Any]:
        """Return all elements of a selector."""
        return list(self.driver.find_elements("css selector", selector))

    def texts(self, selector: str) -> list[str]:
        """Return their texts."""
        return [element.text for element in self.all(selector)]

    def press(self, key: str) -> None:
        """Press a key where the focus is."""
        self.driver.switch_to.active_element.send_keys(key)

    def errors(self) -> list[str]:
        """Return what the console was told since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> set[str]:
        """Return the schemes of all that was asked for since the last time."""
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return {
            message["params"]["request"]["url"].partition(":")[0]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        }


@pytest.fixture(scope="session")
def browser(folder: Path) -> Iterator[Browser]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install -e '.[browser]'")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium and chromedriver here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield Browser(made, folder)
    made.quit()
