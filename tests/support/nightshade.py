"""What the trap (deadly.py) and its test agree on. Apart, since to import the trap is to set it, for all tests."""

CITY = "Deadly Nightshade 1"
LAST_WORDS = "The deadly city is asked for."
