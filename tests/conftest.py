"""What all tests share: a property has no deadline, since machines differ and load does too."""

from hypothesis import settings

settings.register_profile("noctua", deadline=None)
settings.load_profile("noctua")
