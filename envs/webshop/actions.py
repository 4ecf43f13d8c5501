"""The two actions of the shop, `search[words]` and `click[label]`."""


def parse_action(action: str) -> tuple[str, str | None]:
    r"""Split an action into its name and its argument; the argument is None where there is none.

    It reads what the original's pattern `(.+)\[(.+)\]` reads, from the start of the action and
    within its first line, but in linear time: an agent can write a million brackets.
    """
    line = action.split("\n", maxsplit=1)[0]
    closing = line.rfind("]")
    opening = line.rfind("[", 1, max(closing - 1, 1))
    if closing < 0 or opening < 1:
        return action, None
    return line[:opening], line[opening + 1 : closing]
