"""What was asked, answered and returned: the record every other module reads."""

from dataclasses import dataclass, field
from math import fsum


@dataclass(frozen=True, slots=True)
class Generation:
    """One reply of a policy, with its tokens exactly as sampled.

    Attributes:
        text: The decoded reply.
        prompt_ids: Token ids of the prompt, in a conversation all that was said before; empty
            for policies without a tokenizer.
        reply_ids: Token ids of the reply, the end token included when it was sampled.
        log_probs: Log-probability of each reply token under the sampling distribution, nats.
        entropy: Entropy of the next-token distribution at each reply token, nats; empty where the
            sampler gives none.
        failure: Why there is no reply; empty where there is one.
        cut: Tokens that the prompt lost because it was longer than the recipe takes.
    """

    text: str
    prompt_ids: tuple[int, ...] = ()
    reply_ids: tuple[int, ...] = ()
    log_probs: tuple[float, ...] = ()
    entropy: tuple[float, ...] = ()
    failure: str = ""
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange between agent and environment.

    Attributes:
        prompt: The text the agent was asked.
        generation: The agent's reply.
        command: What was executed after parsing the reply.
        reward: The environment's own reward, without the penalty.
        penalty: What the protocol subtracted for this turn, at least 0.
        format_valid: Whether the reply had the strict form.
        action_valid: Whether it also named an admissible action.
        anchor: Identity of the state in which the turn was taken (GiGPO's grouping key).
        outside: What the turn learned from outside the environment, `TextEnv.outside`.
    """

    prompt: str
    generation: Generation
    command: str
    reward: float
    penalty: float
    format_valid: bool
    action_valid: bool
    anchor: str
    outside: str | None = None


@dataclass(slots=True)
class Episode:
    """One attempt at one task.

    Attributes:
        task_id: The task.
        group: Number of the attempts that share a task.
        turns: What happened, in order.
        success: Whether the task was solved.
        score: Quality of the outcome in [0, 1].
        category: Type of the task, None where an environment has only one.
        cluster: What the task shares with others, `TaskSet.cluster`.
        void: Whether its tokens are left out of the loss.
        transcript: Whether its turns are parts of one conversation, and of one row in training.
        measures: The environment's further numbers.
        failure: Why it was not played to its end, which says nothing about who played it.
    """

    task_id: str
    group: int
    turns: list[Turn] = field(default_factory=list)
    success: bool = False
    score: float = 0.0
    category: str | None = None
    cluster: str | None = None
    void: bool = False
    transcript: bool = False
    measures: dict[str, float] = field(default_factory=dict)
    failure: str = ""

    @property
    def total_reward(self) -> float:
        """The environment's return, penalties not included (what dynamic filtering reads)."""
        return fsum(turn.reward for turn in self.turns)
