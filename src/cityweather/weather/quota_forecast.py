"""What the quota will allow bulk: how fast, and how long so many cities take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Left:
    """What a long window still holds for bulk until it `ends`, in so many seconds; the next holds `limit` tokens."""

    tokens: int
    ends: float
    limit: int
    seconds: int

    def begin(self, tokens: int) -> tuple[float, int]:
        """Seconds until the window begins that holds the last of so many tokens, and how many are used in it."""
        over = tokens - max(self.tokens, 0)
        if over <= 0:
            return 0.0, tokens
        whole, last = divmod(over - 1, self.limit)
        return self.ends + whole * self.seconds, last + 1


@dataclass(frozen=True, slots=True)
class Outlook:
    """`wait`: seconds until bulk gets a token. `rate`: tokens a second, None without a limit. `told`: see seed()."""

    wait: float
    rate: float | None
    told: bool
    longer: tuple[Left, ...] = ()

    def seconds_for(self, tokens: int) -> float:
        """Until bulk has had so many, when nobody else takes any; 0 without a limit."""
        pace = 1 / self.rate if self.rate else 0.0
        begins = [left.begin(tokens) for left in self.longer]
        return max([self.wait + tokens * pace, *(begin + rest * pace for begin, rest in begins)])


NO_LIMIT = Outlook(0.0, None, told=True)
