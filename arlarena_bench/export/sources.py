"""What is exported: results one by one, each with what its agent was asked and answered."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gymnasium as gym

from arlarena_bench.environment_names import short_name_of
from arlarena_bench.errors import ArenaError
from arlarena_bench.panel import Panel
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.record import (
    RESULT_FILE,
    EpisodeRecord,
    Result,
    check,
    prompt_hash,
    read_result,
)
from arlarena_bench.submission.bundle_folder import HEADER_FILE, BundleFolder
from arlarena_bench.submission.content_ids import episode_ids, merkle_root
from arlarena_bench.submission.header import Submitter
from arlarena_bench.submission.read_header import read_header
from arlarena_bench.submission.rules import newest_rules

OURS = "arlarena-bench"


@dataclass(frozen=True)
class Exported:
    """A result that is exported.

    Attributes:
        result: With its turns.
        environment: It was played in.
        origin: Id of the bundle that it is of; without one, the root of its episodes' ids.
        submitter: Who submitted that bundle.
        ids: SHA-256 of each episode, by decoder.
    """

    result: Result
    environment: AgentProtocol
    origin: str
    submitter: Submitter | None
    ids: dict[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """The environment's name, as a part of a path."""
        return part_of_path(short_name_of(self.result.recipe.environment.name))

    @property
    def policy(self) -> str:
        """What played: preset, environment, method and seed, as a part of a path."""
        result = self.result
        parts = (result.recipe.name, self.name, result.label, "seed", str(result.seed))
        return part_of_path("-".join(parts))

    @property
    def panel(self) -> Panel:
        """The panel that was played."""
        return self.environment.game.tasks.panel(self.result.panel.split)

    def messages(self, episode: EpisodeRecord) -> list[tuple[str, str]]:
        """Return role and text of every message: what the agent was asked, and its replies.

        Raises:
            ArenaError: If the replies do not lead to what is on record.
        """
        told = episode.turns
        where = f"{self.policy}, task {episode.task_id}, attempt {episode.attempt}"
        if told is None:
            raise ArenaError(f"{where}: its replies were not kept, so there is nothing to export")
        prompt, info = self.environment.reset(options={"task_id": episode.task_id})
        over = False
        found: list[tuple[str, str]] = []
        begun = 0  # of one conversation, the part that has been told
        for turn, reply in enumerate(told.replies):
            if over:
                break
            if told.asked is not None and prompt_hash(prompt) != told.asked[turn]:
                raise ArenaError(f"{where}, turn {turn + 1}: the environment asks something else")
            if told.outside is not None and (outside := told.outside[turn]) is not None:
                self.environment.game.recall(outside)
            found += [("user", prompt[begun:]), ("assistant", reply)]
            begun = len(prompt) + len(reply) if self.environment.game.transcript else 0
            prompt, _, terminated, truncated, info = self.environment.step(reply)
            over = terminated or truncated
        if not over or len(found) != 2 * episode.length or info["success"] != episode.success:
            raise ArenaError(f"{where}: its replies do not lead to what is on record")
        return found


def part_of_path(words: str) -> str:
    """Return words as one part of a path: a record may be a stranger's, and name anything."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", words).strip("-.") or "nameless"


def sources(place: Path) -> Iterator[Exported]:
    """Yield what lies in a bundle, below a folder, or in one result's file, in order of paths.

    Raises:
        ArenaError: If there is nothing, or something is not what it says.
    """
    if not place.exists():
        raise ArenaError(f"no results {place}; give a bundle, a bench's folder or a result")
    bundle, submitter = None, None
    if (place / HEADER_FILE).is_file():
        limits = newest_rules("methods").limits
        header = read_header(BundleFolder(place, limits), limits)
        bundle, submitter = header.id, header.submitter
    paths = [place] if place.is_file() else sorted(place.rglob(RESULT_FILE))
    if not paths:
        raise ArenaError(f"{place} holds no finished run; `arlarena bench` makes some")
    environments: dict[str, AgentProtocol] = {}
    for path in paths:
        result = read_result(path)
        played = result.recipe.model_dump_json(include={"environment", "protocol"})
        if played not in environments:
            try:
                environments[played] = make_environment(result.recipe)
            except gym.error.Error as error:
                name = result.recipe.environment.id
                raise ArenaError(f"{path}: {name} cannot be made: {error}") from None
        environment = environments[played]
        if faults := check(result, environment.game.tasks.panel(result.panel.split)):
            raise ArenaError(f"{path}: {faults[0]}; nothing is exported")
        ids = episode_ids(result)
        root = merkle_root([each for name in sorted(ids) for each in ids[name]])
        yield Exported(result, environment, bundle or root, submitter, ids)
