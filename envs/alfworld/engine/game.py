"""A game that is played: from a command to what the player reads next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arlarena_bench.errors import ArenaError

from ..game_file import check_game
from .condition import ConditionReader
from .facts import Facts, Snapshot
from .grammar import parse_grammar
from .names import display_names
from .operators import Operator, Winning
from .pddl import parse_domain, parse_problem
from .sexpr import Tree
from .text import Texts

NOTHING = "Nothing happens."


@dataclass(frozen=True)
class State:
    """What is known after a step.

    Attributes:
        observation: What the game says.
        admissible_commands: Every command that does something, sorted.
        won: Whether the goal is true now.
    """

    observation: str
    admissible_commands: list[str]
    won: bool

    @property
    def reward(self) -> int:
        """1 when won, else 0."""
        return int(self.won)

    @property
    def done(self) -> bool:
        """Whether the game is over, which it is when won."""
        return self.won


class Game:
    """One game of ALFWorld.

    It can be stepped after it is won, and without a reset first. A game belongs to one thread;
    different games do not share anything that changes.

    Args:
        domain: Text of the PDDL domain.
        problem: Text of the PDDL problem.
        grammar: Text of the grammar (`.twl2`).

    Attributes:
        goal: The goal, as nested lists of PDDL's words.
        names: Id → the name commands and observations use, for everything a fact is about.

    Raises:
        ArenaError: If a text cannot be read, the goal is true from the beginning, or no object
            in the game could ever make it true.
    """

    def __init__(self, domain: str, problem: str, grammar: str) -> None:
        rules = parse_domain(domain)
        household = parse_problem(problem, rules)
        self.goal: Tree = household.goal
        self._facts = Facts(household, rules)
        self.names: Mapping[str, str] = display_names(self._facts.mentioned())
        goal = ConditionReader(rules.predicates).read(household.goal)
        self._winning = Winning(goal, self._facts)
        self._operators: list[Operator] = []
        language = parse_grammar(grammar)
        texts = Texts(language, self._facts, dict(self.names))
        self._answers = {}
        for action in rules.actions:
            if action.name not in language.commands:
                raise ArenaError(f"grammar: there is no action {action.name!r}")
            scope = tuple((name.strip("?"), kind) for name, kind in action.parameters)
            command, spoken = texts.render(language.commands[action.name], scope)
            self._operators.append(Operator(action, self._facts, command, spoken))
            self._answers[action.name], _ = texts.render(language.feedback[action.name], scope)
        self._intro, _ = texts.render("#intro#", ())
        if self._winning.now():
            raise ArenaError("the goal is already true at the beginning")
        if not self._winning.conceivable():
            raise ArenaError("the game cannot be won: nothing in it fits the goal")
        self._admissible: list[str] = []

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Game":
        """Build a game from the object in a game file.

        Raises:
            ArenaError: If it is not a game that can be won.
        """
        check_game(data)
        return cls(data["pddl_domain"], data["pddl_problem"], data["grammar"])

    def reset(self) -> State:
        """Go back to the beginning."""
        self._facts.reset()
        return self._state(self._intro(()))

    def step(self, command: str) -> State:
        """Do what a command says; any command that is not admissible changes nothing.

        Space around a command is ignored. Case is not, as in the original.
        """
        self._refresh()
        command = command.strip()
        for operator in self._operators:
            row = operator.table.get(command)
            if row is not None:
                operator.apply(row)
                return self._state(self._answers[operator.name](row))
        return self._state(NOTHING)

    def snapshot(self) -> Snapshot:
        """Return the position that the game is in, to come back to."""
        return self._facts.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to the position in which a snapshot of this game was taken."""
        self._facts.restore(snapshot)

    def facts(self) -> frozenset[tuple[str, ...]]:
        """Return everything that is true now, as `(predicate, id, …)` in lower case."""
        return self._facts.ground()

    def _state(self, observation: str) -> State:
        self._refresh()
        return State(observation, self._admissible.copy(), self._winning.now())

    def _refresh(self) -> None:
        changed = [operator.refresh() for operator in self._operators]
        if any(changed):
            self._admissible = sorted({c for o in self._operators for c in o.table})
