import random
from unicodedata import category

import pytest

from fptui.cli.log import LogLines

LOG = (
    b"INFO:musubi:caching [b]x[/b]\n"
    b"\rsteps:   0%|          | 0/3 [00:00<?, ?it/s]"
    b"\rsteps:  33%|###       | 1/3 [00:01<00:02,  1.00s/it, avr_loss=0.5]"
    b"\rsteps:  67%|######    | 2/3 [00:02<00:01,  1.00s/it, avr_loss=0.4]\n"
    b"saving checkpoint: /out/\xe6\xbc\xab\x1b[31m.safetensors\r\n"
    b"\n"
    b"\rsteps: 100%|##########| 3/3 [00:03<00:00,  1.00s/it, avr_loss=0.3]INFO:musubi:saved\n"
    b"bad \xff utf-8"
)
LINES = [
    "INFO:musubi:caching [b]x[/b]",
    "steps:  67%|######    | 2/3 [00:02<00:01,  1.00s/it, avr_loss=0.4]",
    "saving checkpoint: /out/漫.safetensors",
    "steps: 100%|##########| 3/3 [00:03<00:00,  1.00s/it, avr_loss=0.3]",
    "INFO:musubi:saved",
    "bad \ufffd utf-8",
]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
def test_of_a_bar_only_what_it_came_to(size: int) -> None:
    lines = LogLines()
    seen = [line for at in range(0, len(LOG), size) for line in lines.feed(LOG[at : at + size])]
    assert seen + lines.close() == LINES


def test_hostile_bytes_are_shown_harmless_and_bounded() -> None:
    source = random.Random(7)
    lines = LogLines()
    seen = [line for _ in range(200) for line in lines.feed(source.randbytes(5000))] + lines.feed(b"x" * 1_000_000)
    seen += lines.close()
    assert not any(category(character) in ("Cc", "Cs") for line in seen for character in line)
    assert max(map(len, seen)) <= 10_001
