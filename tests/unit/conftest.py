"""Whether a property holds does not depend on how long it takes to check."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
