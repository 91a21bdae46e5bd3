"""How many of something, in words."""


def counted(number: float, noun: str, plural: str = "") -> str:
    """1 link, 2 links, 1,234 links; what is no whole number is many.

    `plural`: where it is not the noun with an s.
    """
    return f"{number:,.12g} {noun if number == 1 else plural or f'{noun}s'}"
