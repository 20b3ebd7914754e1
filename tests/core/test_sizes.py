"""Sizes as they are written in a configuration."""

import pytest

from anymedia import ConfigError
from anymedia.model.spellings import byte_size
from anymedia.network import network_of


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("50 MB", 50_000_000),
        ("50MB", 50_000_000),
        (" 1.5 GiB ", 3 << 29),
        ("2 gb", 2_000_000_000),
        ("64 KiB", 1 << 16),
        ("64 kB", 64_000),
        ("1 TB", 10**12),
        ("1 TiB", 1 << 40),
        ("4096", 4096),
        ("4096 B", 4096),
        ("1 byte", 1),
        ("7 bytes", 7),
        ("0.1 kB", 100),
        ("0.5", 0),
        *((text, None) for text in ("", "MB", "50 M", "50 XB", "-1 MB", "1 iB", "1e3", "1,5 GB", "50 MB/s", "9" * 99)),
    ],
)
def test_a_size_is_read_as_it_is_written(text, size):
    assert byte_size(text) == size


def test_the_largest_result_is_configured_as_a_size_above_nothing():
    assert network_of({}).largest == 1 << 30
    assert network_of({}, {}, {"largest": "50 MB"}).largest == 50_000_000
    for wrong in ("0", "0.2 B", "much"):
        with pytest.raises(ConfigError, match=r'^config: download.largest: must be a size above 0, like "50 MB" or'):
            network_of({}, {}, {"largest": wrong})
