"""Durations, bytes and rates: how users write them and how fptui prints them."""

import re

_NUMBER = r"(\d{1,9})"
_DURATION = re.compile(rf"(?:{_NUMBER}d)?(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?")
_LONGEST = 10 * 365 * 86400


def parse_duration(text: str) -> int | None:
    """Seconds in `90s`, `10m`, `1h30m`, `2d`; None if it is none of these, or longer than ten years."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return total if total <= _LONGEST else None


def duration(seconds: float | None) -> str:
    """`42 s`, `12 min`, `36 h 30 min`, `3 d 4 h`; `?` when unknown."""
    if seconds is None:
        return "?"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 72:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def dollars(amount: float | None) -> str:
    """`$0.33`, `$91`: cents as long as they count; `?` when unknown."""
    return "?" if amount is None else f"${amount:.2f}" if amount < 20 else f"${amount:,.0f}"


def gibibytes(count: int | None) -> str:
    """`73.4` GiB, without the unit; `?` when unknown."""
    return "?" if count is None else f"{count / 2**30:.1f}"


def file_size(count: int) -> str:
    """`831 MB`: decimal units, as disks and hubs count."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"


def step_time(seconds: float | None) -> str:
    """`28.7 s/step`, or steps a second when that is easier to read; `?` when unknown."""
    if seconds is None or seconds <= 0:
        return "? s/step"
    return f"{seconds:.1f} s/step" if seconds >= 1 else f"{1 / seconds:.1f} steps/s"
