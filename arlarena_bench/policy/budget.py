"""What may be spent on requests, as far as a server says what they take."""

from dataclasses import dataclass, field
from threading import Condition

MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in whatever currency."""

    prompt: float
    reply: float

    def of(self, prompt_tokens: int, reply_tokens: int) -> float:
        """Return what these tokens cost."""
        return (self.prompt * prompt_tokens + self.reply * reply_tokens) / MILLION


@dataclass(frozen=True, slots=True)
class Spending:
    """Requests and their tokens."""

    requests: int = 0
    prompt_tokens: int = 0
    reply_tokens: int = 0

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.reply_tokens + other.reply_tokens,
        )

    def __neg__(self) -> "Spending":
        return Spending(-self.requests, -self.prompt_tokens, -self.reply_tokens)


@dataclass(slots=True)
class Budget:
    """Limits on spending, shared by all that ask at the same time.

    Before a request, the most that it can take is set aside. If that does not fit, it waits for
    those in flight, which mostly give something back.

    Args:
        requests: Most of them; None for no limit.
        tokens: Most tokens, of prompts and replies.
        money: The most that these may cost at `price`.
        price: None where money does not matter.
        spent: What was spent before.

    Attributes:
        exceeded: The limit that was reached, as a line; empty before.
    """

    requests: int | None = None
    tokens: int | None = None
    money: float | None = None
    price: Price | None = None
    spent: Spending = field(default_factory=Spending)
    exceeded: str = ""
    _aside: Spending = field(default_factory=Spending)
    _changed: Condition = field(default_factory=Condition)

    def admit(self, most: Spending) -> bool:
        """Set the most that a request can take aside; False if that is more than is left."""
        with self._changed:
            while not self.exceeded and (limit := self._limit(most)):
                if not self._aside.requests:
                    self.exceeded = limit
                    self._changed.notify_all()
                else:
                    self._changed.wait()
            if self.exceeded:
                return False
            self._aside += most
            return True

    def settle(self, most: Spending, spent: Spending) -> None:
        """Put what a request has really taken in place of what was set aside for it."""
        with self._changed:
            self._aside += -most
            self.spent += spent
            self._changed.notify_all()

    def close(self, reason: str) -> None:
        """Admit nothing any more."""
        with self._changed:
            self.exceeded = self.exceeded or reason
            self._changed.notify_all()

    def _limit(self, most: Spending) -> str:
        """Return which limit a further request could exceed; empty for none."""
        total = self.spent + self._aside + most
        if self.requests is not None and total.requests > self.requests:
            return f"the budget of {self.requests:,} requests is spent"
        if self.tokens is not None and total.prompt_tokens + total.reply_tokens > self.tokens:
            return f"the budget of {self.tokens:,} tokens leaves no room for another request"
        if self.money is not None and self.price is not None:
            cost = self.price.of(total.prompt_tokens, total.reply_tokens)
            if cost > self.money:
                return f"the budget of {self.money:g} in money leaves no room for another request"
        return ""
