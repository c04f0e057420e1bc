"""TOML as it is defined: tomllib, which Python 3.10 calls tomli."""

import sys

if sys.version_info >= (3, 11):
    from tomllib import loads
else:
    from tomli import loads

__all__ = ["loads"]
