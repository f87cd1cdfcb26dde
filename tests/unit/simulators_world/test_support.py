"""The call centre's side of the support code."""

from __future__ import annotations

from simulators.platform.support import derive, hotp


def test_the_simulators_arithmetic_is_that_of_the_rfcs() -> None:
    # RFC 6238, appendix B, SHA-256 (their eight digits end in our six), and RFC 5869, test case 3 in what is derived from it.
    seed = b"12345678901234567890123456789012"
    for at, digits in ((59, "46119246"), (1111111109, "68084774"), (20000000000, "77737706")):
        assert hotp(seed, at // 30) == digits[2:]
    assert derive(b"\x0b" * 22, "").hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
