"""A worker's wish to stop, seen by the processes it forked: their batches end within seconds or are handed back."""

import mmap

WITHIN = 5.0  # seconds a batch goes on once it is asked; most need one

_asked = mmap.mmap(-1, 1)  # shared by all who are forked after this import


def ask() -> None:
    """For the signal that the worker is shutting down."""
    _asked[0] = 1


def asked() -> bool:
    return bool(_asked[0])
