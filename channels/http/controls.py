"""What stands between a request and an answer over HTTP, as a value: all of it, or all but one.

With one taken out, it is tried whether that one is what holds (`evals/hostile/http.py`).
"""

from dataclasses import dataclass, fields, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class HttpControls:
    """Each is on unless it is tried what it holds.

    `token`: a secret has to be one that was given out and has not ended. `csrf`: a browser's
    session changes something only with its second secret. `origin`: nothing is changed from another
    site. `permission`: a role and a token's scopes allow it. `host`: it is called by its own name.
    `rate`: nobody asks too often.
    """

    token: bool = True
    csrf: bool = True
    origin: bool = True
    permission: bool = True
    host: bool = True
    rate: bool = True

    def without(self, name: str) -> Self:
        """All but the one of that name. Raises KeyError: there is none."""
        if name not in {one.name for one in fields(self)}:
            raise KeyError(f"no control is called {name}")
        return replace(self, **{name: False})


EVERY_CONTROL = HttpControls()
