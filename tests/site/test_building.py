"""The pages, as files: what is on them, where they lead, and what may not be on them."""

import json
import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bundles import make
from grids import copy_runs

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.finding import find_runs
from arlarena_bench.report.render import render
from arlarena_bench.report.table import build_tables
from arlarena_bench.site.building import Site, as_json, make_site
from arlarena_bench.site.gathering import gather

ELSEWHERE = {"https://arxiv.org/abs/2602.21534"}
EPISODES = 3


class Page(HTMLParser):
    """The tags of a page, its addresses, and its text without scripts."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.data: dict[str, str] = {}
        self._inside: str | None = None
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        self._inside = (found.get("id") or "script") if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is None:
            self.text.append(data)
        else:
            self.data[self._inside] = data

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def pages(site: Site) -> dict[str, Page]:
    return {name: Page(text) for name, text in site.files.items() if name.endswith(".html")}


def page(site: Site, name: str) -> Page:
    return Page(site.files[name])


def test_every_address_leads_to_a_file_of_the_site(site: Site) -> None:
    found = pages(site)
    assert len(found) > 25
    for name, content in found.items():
        for _, attributes in content.tags:
            for key in ("href", "src"):
                address = attributes.get(key)
                if address is None or address in ELSEWHERE:
                    continue
                split = urlsplit(address)
                assert not split.scheme, (name, address)
                assert not split.netloc, (name, address)
                path = posixpath.normpath(
                    posixpath.join(posixpath.dirname(name), unquote(split.path))
                )
                assert not split.path or path in site.files, (name, address)


def test_compare_pages_lead_to_episodes_that_are_there(site: Site) -> None:
    data = json.loads(page(site, "tables/nano.sokoban/compare.html").data["data"])
    for row in data["rows"]:
        assert f"tables/nano.sokoban/{row['episodes']}" in site.files
        assert len(row["sample"]) == EPISODES


def test_nothing_is_fetched_and_no_page_has_a_script_or_handler_of_its_own(site: Site) -> None:
    for name, content in pages(site).items():
        for tag, attributes in content.tags:
            assert not [key for key in attributes if key.startswith("on")], name
            assert (
                tag != "script"
                or "src" in attributes
                or (attributes.get("type") == "application/json")
            ), name
            assert tag not in ("iframe", "object", "embed", "style", "img"), name
    for name, text in site.files.items():
        if name.startswith("assets/") and "vendor" not in name:
            assert b"//cdn" not in text
            assert b"@import" not in text
            assert not re.search(
                rb"\b(?:fetch|eval|innerHTML|outerHTML|insertAdjacentHTML)\b", text
            )


def test_hostile_replies_and_reasons_are_text(site: Site) -> None:
    for name, text in site.files.items():
        assert b"<script>alert" not in text, name
        assert b"<img" not in text, name
    name = "tables/nano-stress.sokoban/episodes/grpo.html"
    reply = json.loads(page(site, name).data["data"])["episodes"][0]["turns"][0]["reply"]
    assert reply.startswith("</script><script>alert(1)</script>")
    assert "killed </script><script>alert(1)" in page(site, "index.html").words


def test_data_cannot_end_the_element_it_stands_in() -> None:
    hostile = "</script><!--<script>&\u2028\ud800"
    text = as_json([hostile])
    assert not {"<", ">", "&", "\u2028"} & set(text)
    assert json.loads(text) == [hostile]


def test_the_same_results_give_the_same_bytes_wherever_they_lie(
    site: Site, leaderboard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "moved").symlink_to(leaderboard)
    monkeypatch.chdir(tmp_path)
    again = make_site(Path("moved"), EPISODES, replay=True)
    assert again.files.keys() == site.files.keys()
    assert [name for name in site.files if site.files[name] != again.files[name]] == []
    assert again.problems == site.problems
    told = str(leaderboard).encode()
    assert [name for name, text in site.files.items() if told in text] == []


def test_the_numbers_are_those_of_the_table(site: Site, leaderboard: Path) -> None:
    (table,) = build_tables(find_runs(leaderboard / "nano" / "sokoban")[0])
    words = page(site, "tables/nano.sokoban/index.html").words
    for line in render(table, "x", "csv").splitlines()[1:]:
        for cell in line.replace('"', "").split(","):
            assert cell.strip() in words


def test_failures_and_older_records_stay_visible(site: Site) -> None:
    words = page(site, "index.html").words
    assert "gspo seed 0 failed and is not in these numbers" in words
    assert "converted from an older record, which lacks: replies" in words
    older = page(site, "tables/noisy-starts.nano.alfworld_mini/methods/grpo.html").words
    assert "No episodes to read: this older record has no replies" in older
    assert not [
        name for name in site.files if name.startswith("tables/noisy") and "episodes" in name
    ]


def test_a_method_has_its_file_its_options_and_its_stability(site: Site) -> None:
    content = page(site, "tables/nano.sokoban/methods/sapo.html")
    equal = f"{EPISODES} of {EPISODES} sampled episodes equal"
    for part in ("sapo.py", "SoftGate(", "ended below start", "collapse rate %", equal):
        assert part in content.words
    source = "".join(content.text)
    assert "def sapo() -> Method:" in source
    charts = [chart["name"] for chart in json.loads(content.data["curves"])["charts"]]
    assert len(charts) == 8


def test_a_method_whose_file_is_not_here_says_so(site: Site) -> None:
    found = [name for name in site.files if "/methods/aaa" in name]
    assert len(found) == 1
    words = page(site, found[0]).words
    assert "Its file is not kept with these results" in words
    assert f"{'a' * 150} (file)" in words


def test_bundles_are_shown_with_their_verdict_and_rejected_ones_named(site: Site) -> None:
    words = page(site, "tables/submissions.theirs/methods/gspo.html").words
    for part in ("tier replayed", "rules methods-v1", "checked: replay", "ranked"):
        assert part in words
    assert not [name for name in site.files if "forged" in name]
    (rejected,) = [line for line in site.problems if "forged" in line]
    assert rejected.startswith("submissions/forged: README.md: its SHA-256 is")


def test_a_bundle_of_what_is_published_is_said_where_that_stands(tmp_path: Path) -> None:
    copy_runs(tmp_path / "nano/sokoban", "grpo/seed-0", "start/seed-0")
    make([tmp_path / "nano"], tmp_path / "submissions" / "ours")
    (exhibit,) = gather(tmp_path, replay=True).exhibits
    assert exhibit.place.as_posix() == "nano/sokoban"
    assert exhibit.bundle is not None
    assert exhibit.bundle.tier == "replayed"
    copy_runs(tmp_path / "nano/sokoban", "grpo/seed-1")
    assert [e.bundle is None for e in gather(tmp_path).exhibits] == [True, False]


def test_without_replay_a_bundle_is_read_and_a_sample_is_stepped(leaderboard: Path) -> None:
    gathered = gather(leaderboard)
    theirs = next(e for e in gathered.exhibits if e.slug == "submissions.theirs")
    assert theirs.bundle is not None
    assert theirs.bundle.tier == "self-reported"
    assert list(theirs.bundle.checked) == ["files"]
    assert [line.partition(":")[0] for line in gathered.rejected] == ["submissions/forged"]


def test_claims_without_runs_are_not_run(site: Site) -> None:
    words = page(site, "claims.html").words
    assert "30 not run" in words
    assert "SAPO ends below GRPO" in words


def test_every_page_names_its_language_title_and_main(site: Site) -> None:
    for name, content in pages(site).items():
        tags = [tag for tag, _ in content.tags]
        assert tags.count("h1") == tags.count("main") == tags.count("title") == 1, name
        assert ("html", {"lang": "en"}) in content.tags, name
        assert all(attributes.get("scope") for tag, attributes in content.tags if tag == "th"), name


def test_a_folder_without_results_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match=r"holds no finished run; `arlarena bench` makes some"):
        make_site(tmp_path)
    with pytest.raises(ArenaError, match=r"no folder .*nowhere; give one with results"):
        make_site(tmp_path / "nowhere")
    (tmp_path / "submissions" / "junk").mkdir(parents=True)
    with pytest.raises(ArenaError, match=r"no finished run; submissions/junk: .*no bundle\.json"):
        make_site(tmp_path)
