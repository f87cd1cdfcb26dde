"""The booking slip stands whole on one page, whatever became of the booking: people photograph it."""

import pytest

from stb_agent.contract.appearance import Appearance, Profile
from stb_agent.contract.messages import Status
from stb_agent.contract.views import Delivery
from stb_agent.core.page import Frame
from stb_agent.services.booking import Taken
from stb_agent.services.booking.facility import Facility, Usage
from stb_agent.services.booking.pages import ConfirmPage, Order, Placed, SlipPage, Slot
from tests.support import typeface
from ui.screens.kinds import drawer
from ui.sketch import Place

LONGEST = Usage("会議・打ち合わせ", 60, "港町コミュニティ将棋同好会")
ORDER = Order(
    "港町コミュニティセンター 和室", "s", "2026-11-24T00:00:00Z", "2026-11-24T03:00:00Z", 1200, "R8-0001", LONGEST
)


@pytest.mark.parametrize("profile", Profile)
def test_what_is_booked_stands_whole_above_the_answer(profile: Profile) -> None:
    slot = Slot("s", ORDER.start, ORDER.end, True, ORDER.price_yen)
    page = ConfirmPage(Facility("f", ORDER.facility, ""), slot, Usage("会議・打ち合わせ", 60))
    status = Status(appearance=Appearance(profile))
    assert drawer(typeface.measure)(page.view(Frame()), status, Place()).pages == 1


@pytest.mark.parametrize(
    "placed",
    [
        Placed("k", ORDER, Delivery.SENT),
        Placed("k", ORDER, Delivery.WAITING),
        Placed("k", ORDER, Delivery.WAITING, needs_card=True),
        Placed("k", ORDER, Delivery.REFUSED, Taken()),
    ],
    ids=["sent", "waiting", "needs-card", "refused"],
)
def test_the_slip_is_one_page(placed: Placed) -> None:
    assert drawer(typeface.measure)(SlipPage(placed).view(Frame()), Status(), Place()).pages == 1
