"""The base class of dgnet's errors."""


class DgnetError(Exception):
    """An error that the user can put right: the message names the file, flag or field, what was found and what to do.

    Each subclass is also a `ValueError` or a `RuntimeError`. An exception of any other class is a bug in dgnet.
    """
