#!/usr/bin/env python3
"""`python src/manage.py COMMAND` is the same as `cityweather COMMAND`."""

from cityweather.__main__ import main

if __name__ == "__main__":
    main()
