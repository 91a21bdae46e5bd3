"""Networks that really run, as the roles' tests have them."""

from tests.agents.conftest import place

__all__ = ["place"]
