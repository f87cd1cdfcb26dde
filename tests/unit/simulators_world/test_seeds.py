"""Believable data: what is drawn for demonstrations holds together."""

from datetime import UTC, date, datetime, timedelta
from statistics import mean

from hypothesis import given
from hypothesis import strategies as st

from simulators.booking.seed import AHEAD, BY_ID, FACILITIES, JST, era_year, find, slots
from simulators.health.seed import BLOOD_PRESSURE, measurements
from simulators.platform.seed import CONTRACT_NUMBER, CONTRACTS, luhn_sum, with_check_digit

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)


def test_the_published_example_of_the_check_digit():
    # ISO/IEC 7812-1 annex B gives 4992739871 with the check digit 6.
    assert with_check_digit("4992739871") == "49927398716"


def test_contracts_have_ten_digits_and_a_check_digit():
    assert len({contract.number for contract in CONTRACTS}) == len(CONTRACTS) == 20
    for contract in CONTRACTS:
        assert len(contract.number) == 10
        assert luhn_sum(contract.number) % 10 == 0
    assert CONTRACTS[0].number == CONTRACT_NUMBER


@given(st.sampled_from(CONTRACTS), st.integers(0, 9), st.integers(1, 9))
def test_a_slip_of_one_finger_is_noticed(contract, place, by):
    digits = list(contract.number)
    digits[place] = str((int(digits[place]) + by) % 10)
    assert luhn_sum("".join(digits)) % 10 != 0


def test_facilities_look_like_a_towns():
    assert len(BY_ID) == len(FACILITIES) >= 6
    for facility in FACILITIES:
        assert facility.address.startswith("潮見台市")
        assert all("ァ" <= letter <= "ー" or letter == " " for letter in facility.kana)
        assert facility.phone.split("-")[1].startswith("0"), "nobody's number"


@given(st.sampled_from(FACILITIES), st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_a_slot_is_found_again_by_its_id(facility, day):
    found = list(slots(facility, day))
    assert found == list(slots(facility, day))
    for slot in found:
        assert find(slot.id) == slot
        assert slot.start.astimezone(JST).date() == day
        assert slot.start < slot.end


@given(st.text(max_size=20))
def test_no_text_breaks_the_search_for_a_slot(text):
    found = find(text)
    assert found is None or found.id == text


def test_closing_days_and_the_new_year():
    by_name = {facility.name: facility for facility in FACILITIES}
    monday = date(2026, 11, 30)
    assert not list(slots(by_name["図書館 学習室"], monday))
    assert list(slots(by_name["灯台前公園 テニスコート"], monday))
    for day in (date(2026, 12, 29), date(2027, 1, 3)):
        assert not any(list(slots(facility, day)) for facility in FACILITIES)


def test_every_facility_has_free_and_taken_times():
    for facility in FACILITIES:
        days = [TODAY + timedelta(days=n) for n in range(AHEAD.days)]
        taken = [slot.taken for day in days for slot in slots(facility, day)]
        assert 0.05 < mean(taken) < 0.85, facility.name


def test_the_year_of_the_era():
    assert era_year(date(2019, 5, 1)) == 1
    assert era_year(TODAY) == 8


@given(st.text(min_size=1, max_size=50))
def test_measurements_are_those_of_somebody_who_was_treated(sub):
    found = [m for m in measurements(sub, NOW) if m.code == BLOOD_PRESSURE]
    assert found == [m for m in measurements(sub, NOW) if m.code == BLOOD_PRESSURE]
    assert 55 <= len(found) <= 80
    times = [m.at for m in found]
    assert times == sorted(times)
    assert timedelta(0) < NOW - times[-1] < timedelta(days=5)
    assert (times[-1] - times[0]).days > 210
    upper, lower = ([m.values[n][1] for m in found] for n in (0, 1))
    assert all(60 <= low < high <= 185 for high, low in zip(upper, lower, strict=True))
    assert mean(upper[:10]) - mean(upper[-10:]) > 5


def test_two_persons_are_not_alike():
    assert list(measurements("a", NOW)) != list(measurements("b", NOW))
