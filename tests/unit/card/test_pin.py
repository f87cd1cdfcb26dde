import copy
import pickle

import pytest

from stb_agent.card import errors
from stb_agent.card.pin import Pin


def filled(*digits: int) -> Pin:
    pin = Pin()
    for digit in digits:
        pin.append(digit)
    return pin


def test_digits_come_and_go_in_one_place():
    pin = filled(0, 1, 2)
    place = pin._digits
    pin.pop()
    pin.append(9)
    pin.append(8)
    buffer = bytearray(b"head")
    pin.write_to(buffer)
    assert (buffer, len(pin)) == (b"head0198", 4)
    pin.pop()
    assert bytes(place) == b"019\x00"
    with pin:
        pass
    assert (bytes(place), len(pin)) == (bytes(4), 0)
    assert pin._digits is place
    pin.pop()
    assert len(pin) == 0


@pytest.mark.parametrize("digit", [-1, 10, 0x30])
def test_only_digits_and_only_four(digit: int):
    with pytest.raises(errors.PinFormat):
        filled(digit)
    with pytest.raises(errors.PinFormat):
        filled(1, 2, 3, 4, 5)
    with pytest.raises(errors.PinFormat):
        filled(1, 2, 3).write_to(bytearray())


def test_it_is_zeroed_when_something_goes_wrong():
    pin = filled(1, 2, 3, 4)
    with pytest.raises(RuntimeError), pin:
        raise RuntimeError
    assert bytes(pin._digits) == bytes(4)


def test_it_is_shown_and_copied_nowhere():
    pin = filled(4, 7, 1, 1)
    assert repr(pin) == str(pin) == f"{pin}" == "<Pin>"
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(pin)
    with pytest.raises(TypeError):
        iter(pin)
