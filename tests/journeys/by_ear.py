"""The evening with the screen ignored: every key is decided by what was spoken, in the household's language."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.box import PIN, Box, running_box
from tests.support.listener import Listener, listening

_FACILITY = "総合体育館"
"""A place of the town, whose names are Japanese in every language."""


def speaking(language: str) -> str:
    """Give what the operator's file says besides for a household that speaks this."""
    return f'[screen]\nlanguage = "{language}"\n'


async def evening(box: Box, person: Listener) -> None:
    """Live it. Raises AssertionError when what is needed is not said."""
    await _arrive(box, person)
    await _sign_in_and_link(box, person)
    await _book(person)
    await _read_health_and_pull(box, person)
    await _record_service_down(box, person)
    await _voice_off_and_on(person)


async def _arrive(box: Box, person: Listener) -> None:
    said = person.said
    await box.hold("OK", 1.1)
    await asyncio.sleep(0.5)
    assert not any(person.transcript), "nobody asked for a voice yet"
    await person.press("BLUE")
    await person.hears(said("speech.on"), said("frame.card.absent"), said("home.guide.insert"))


async def _sign_in_and_link(box: Box, person: Listener) -> None:
    said = person.said
    await box.tray.insert("new")
    await person.hears(said("home.guide.new"))
    await person.finds(said("sign_in.tile"))
    await person.hears(said("speech.consent.statement"), said("sign_in.consent.what"), said("sign_in.consent.withheld"))
    await person.finds(said("sign_in.consent.agree"))
    how = await person.hears(said("sign_in.pin"), said("frame.pin.tries", tries=3))
    await person.enters_pin("".join(str((int(digit) + 5) % 10) for digit in PIN), how)
    await person.press("OK")
    how = await person.hears(said("card.pin.wrong.cause", left=2), said("frame.pin.tries", tries=2))
    await person.enters_pin(PIN, how)
    await person.hears(said("speech.pin.confirm"))
    await person.press("OK")
    await person.hears(said("speech.consent.statement"), said("link.consent.contract"))
    await person.finds(said("link.consent.agree"))
    await person.hears(said("speech.form.digits", most=10, typed=0))
    number = box.world.describe()["contract_number"]
    for at, digit in enumerate(number, 1):
        await person.finds(f"{digit}。")
        await person.typed(said("speech.form.digits", most=10, typed=at))
    await person.finds(said("frame.form.submit"))
    await person.hears(said("frame.tone.ok"), said("link.done.title"))
    await person.finds(said("link.done.go"))
    await person.hears(said("home.guide.signed_in"))


async def _book(person: Listener) -> None:
    said = person.said
    await person.finds(said("booking.tile"))
    await person.hears(said("booking.which"))
    await person.finds(_FACILITY)
    await person.hears(said("speech.calendar.free"))
    await person.finds("")
    await person.hears(said("booking.usage_title"), said("booking.purpose"))
    await person.finds("")
    await person.hears(said("booking.people"), said("speech.form.digits", most=3, typed=0))
    await person.finds("8。")
    await person.typed(said("speech.form.digits", most=3, typed=1))
    await person.finds(said("frame.form.submit"))
    await person.hears(said("booking.user"))
    await person.finds(said("booking.user_self"))
    heard = await person.hears(said("booking.confirm"), said("booking.time"), said("booking.price_label"))
    booked = next(it for it in heard if said("booking.time").match(it))
    await person.finds(said("booking.book"))
    await person.hears(said("frame.delivery.sent"), said("speech.withheld"))
    await person.finds(said("speech.listen"))
    assert booked in await person.hears(said("booking.number"), said("booking.time"))
    await person.finds(said("booking.to_home"))
    await person.hears(said("home.guide.signed_in"))


async def _read_health_and_pull(box: Box, person: Listener) -> None:
    said = person.said
    unit = said("speech.sign.mmhg")
    await person.finds(said("health.tile"))
    heard = await person.hears(said("health.latest"), said("speech.covered"))
    assert not any(unit.search(it) for it in heard), "the room does not hear what nobody asked for"
    await person.finds(said("frame.curtain.open"))
    await person.hears(said("health.systolic"), unit)
    await person.finds(said("health.to_chart"))
    await person.hears(said("health.chart"), said("speech.chart.latest"))
    await box.tray.pull()
    await person.hears(said("home.card_gone.title"))
    await person.finds(said("home.ok"))
    await person.hears(said("home.guide.insert"))
    await box.tray.insert("new")
    await person.hears(said("home.guide.known"))
    await person.finds(said("sign_in.tile"))
    how = await person.hears(said("sign_in.pin"), said("frame.pin.tries", tries=3))
    await person.enters_pin(PIN, how)
    await person.press("OK")
    await person.hears(said("home.guide.signed_in"))


async def _record_service_down(box: Box, person: Listener) -> None:
    said = person.said
    await box.world.stop("health")
    await person.finds(said("health.tile"))
    await person.hears(
        said("frame.tone.error"), said("cable_id.service.unreachable.cause"), said("speech.message.code")
    )
    await person.finds(said("frame.help"))
    await person.hears(said("frame.call.no_phone"), said("speech.call.support"))
    await person.finds(said("frame.back"))
    await person.hears(said("frame.tone.error"))
    await box.world.start("health")
    await person.finds(said("trouble.again"))
    await person.hears(said("health.latest"))
    await person.finds(said("frame.back"))
    await person.hears(said("home.guide.signed_in"))


async def _voice_off_and_on(person: Listener) -> None:
    said = person.said
    await person.finds(said("speech.voice_off"))
    await person.hears(said("speech.off"))
    await person.press("BLUE")
    await person.hears(said("speech.on"))


def walk(out: Path, language: str) -> bool:
    """Live the evening in a box without a screen, and write down what was heard and pressed; tell whether it came to its end."""

    async def live() -> tuple[Listener, str]:
        async with running_box(more=speaking(language)) as box, listening(box, language) as person:
            try:
                await evening(box, person)
            except AssertionError as error:
                return person, str(error)
            return person, ""

    person, wrong = asyncio.run(live())
    path = out / f"evening-by-ear-{language}.txt"
    path.write_text("\n".join([*person.transcript, *([f"LOST: {wrong}"] if wrong else [])]) + "\n", "utf-8")
    print(
        f"{language}: {wrong or f'the evening by ear, with {person.keys} keys'}; what was said is in {path}", flush=True
    )
    return not wrong
