"""The one error that a user is meant to read."""


class InputError(Exception):
    """Bad input; the message names the input, the value and the way out."""


class CannotAnalyse(InputError):
    """Data that an analysis says nothing of: too few objects, one group, all alike.

    No fault of the input: the analysis leaves a table that says why, and all others go on.
    """
