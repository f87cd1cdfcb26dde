import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.card.apdu import Command, Refusal


@pytest.mark.parametrize(
    ("raw", "data", "ne", "extended"),
    [
        ("00200080", "", None, False),
        ("00B0000000", "", 256, False),
        ("00B000000B", "", 11, False),
        ("002000800431323334", "31323334", None, False),
        ("802A0080025A5A00", "5A5A", 256, False),
        ("00B08A00000000", "", 65536, True),
        ("00B08A00000625", "", 1573, True),
        ("00200080000004 31323334", "31323334", None, True),
        ("802A0080000002 5A5A 0100", "5A5A", 256, True),
    ],
)
def test_the_seven_cases(raw: str, data: str, ne: int | None, extended: bool) -> None:
    command = Command.parse(bytes.fromhex(raw))
    assert (command.data, command.ne, command.extended) == (bytes.fromhex(data), ne, extended)


@pytest.mark.parametrize(
    "raw",
    ["", "00A404", "00B00000 0000", "00200080 05 31323334", "00200080 02 31323334", "00200080 000004 313233",
     "00200080 000000 31", "802A0080 000002 5A5A 01"],
)  # fmt: skip
def test_what_fits_no_case_is_a_wrong_length(raw: str) -> None:
    with pytest.raises(Refusal) as caught:
        Command.parse(bytes.fromhex(raw))
    assert caught.value.status == 0x6700


@given(
    st.binary(min_size=4, max_size=4), st.binary(max_size=400), st.one_of(st.none(), st.integers(1, 65536)),
    st.booleans(),
)  # fmt: skip
def test_what_is_built_is_read(header: bytes, data: bytes, ne: int | None, extended: bool) -> None:
    extended = extended or len(data) > 255 or (ne or 0) > 256
    if extended:
        lc = b"\x00" + len(data).to_bytes(2) if data else b""
        le = b"" if ne is None else (b"" if data else b"\x00") + (ne % 65536).to_bytes(2)
    else:
        lc = bytes([len(data)]) if data else b""
        le = b"" if ne is None else bytes([ne % 256])
    command = Command.parse(header + lc + data + le)
    assert bytes((command.cla, command.ins, command.p1, command.p2)) == header
    assert (command.data, command.ne) == (data, ne)
