"""verl's rows as the episodes whose turns they are, and the credit that a method gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError
from arlarena_bench.objective import Method, Wrapped
from arlarena_bench.training.rows import pack_episodes

# Where the first row of an episode carries all of it, among verl's extra fields.
EPISODE = "arlarena_episode"
# Beside it: the CPU seconds of its environment.
SECONDS = "arlarena_environment_s"


class _Place(NamedTuple):
    """What verl's key of a row says: `{uid}_{session}_{index}`."""

    group: str
    session: int
    turn: int

    @classmethod
    def of(cls, key: str) -> "_Place":
        group, session, turn = key.rsplit("_", 2)
        return cls(group, int(session), int(turn))


def by_group(keys: Sequence[str], groups: Sequence[str]) -> list[int]:
    """Return in which order rows stand one episode after the other.

    Args:
        keys: verl's, of each row.
        groups: Its names for groups, in the order wanted.
    """
    rank = {name: number for number, name in enumerate(groups)}
    places = [_Place.of(key) for key in keys]
    return sorted(range(len(keys)), key=lambda i: (rank[places[i].group], *places[i][1:]))


class SampledRows:
    """The rows of a step in verl's order, and their episodes in ours.

    Args:
        keys: verl's, of every row that it has not added itself.
        episodes: Those of whose first row the key is given, group by group.

    Attributes:
        groups: Episodes of one task stand together, in the order of their sessions; groups in the
            order in which they are given.

    Raises:
        ArenaError: If rows and episodes are not of one another: a row was lost on its way.
    """

    def __init__(self, keys: Sequence[str], episodes: Mapping[str, Episode]) -> None:
        places = [_Place.of(key) for key in keys]
        played = {_Place.of(key)[:2]: episode for key, episode in episodes.items()}
        names = dict.fromkeys(group for group, _ in played)
        self.groups: list[list[Episode]] = []
        ordered: list[_Place] = []
        for number, name in enumerate(names):
            sessions = sorted(session for group, session in played if group == name)
            self.groups.append([played[name, session] for session in sessions])
            for session in sessions:
                episode = played[name, session]
                episode.group = number
                rows = 1 if episode.transcript else len(episode.turns)
                ordered += [_Place(name, session, turn) for turn in range(rows)]
        if sorted(ordered) != sorted(places):
            raise ArenaError(
                f"{len(places)} rows came from verl for {len(ordered)} of the episodes played: "
                "some were lost on their way; start again with --resume"
            )
        number_of = {place: number for number, place in enumerate(ordered)}
        # Of each of verl's rows, which of ours it is.
        self._number = torch.tensor([number_of[place] for place in places])

    def advantages(self, method: Method | Wrapped, entropy: Tensor, tokens: int) -> Tensor:
        """Return what the method says of each row, in verl's order.

        Args:
            method: Sees all episodes as the local engine packs them.
            entropy: (rows, tokens) of the policy that is trained, in verl's order, nats.
            tokens: How long the rows returned are, at least as long as the longest.

        Returns:
            (rows, tokens), 0 outside the mask.

        Raises:
            ArenaError: If the method's advantage fails.
        """
        _, batch = pack_episodes([episode for group in self.groups for episode in group], 0)
        longest = batch.mask.shape[1]
        ours = torch.zeros_like(batch.entropy)
        ours[self._number] = entropy[:, :longest].to(ours.dtype)
        found = method.advantages(replace(batch, entropy=ours))[self._number]
        return torch.nn.functional.pad(found, (0, tokens - longest))
