"""Passwords in addresses, for what is printed. Needs no package: a doctor reports missing ones."""

import re

_PASSWORD = re.compile(r"(://[^\s/@:\"']*:)[^\s/@\"']+(@)")


def mask(text: str) -> str:
    return _PASSWORD.sub(r"\1***\2", text)
