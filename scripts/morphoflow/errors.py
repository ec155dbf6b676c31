"""The one error that a user is meant to read."""


class InputError(Exception):
    """Bad input; the message names the input, the value and the way out."""
