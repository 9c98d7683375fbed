"""What all tests share."""

from hypothesis import settings

# How long an example takes says something about the host, nothing about the project.
settings.register_profile("soclet", deadline=None)
settings.load_profile("soclet")
