"""What every error of dgnet's has in common."""


class DgnetError(Exception):
    """Something that a user can put right: the message names the file, flag or field, what was found and what to do.

    Its subclasses are `ValueError`s or `RuntimeError`s too. An exception of another class is a fault of dgnet's own.
    """
