"""The one way to tell a user that something cannot be done."""


class UserError(Exception):
    """What a user got wrong or the host refuses: what, where, what would be right, in a line."""
