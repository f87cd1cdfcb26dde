"""Every row of the negative table is refused as it says, what a person is told is in the catalogue in every language, and the page is true."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import stb_agent.agent  # noqa: F401 # knows every error that there is
from stb_agent.contract import words
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import word
from stb_agent.core.service import trouble
from tests.faults.box import Town
from tests.faults.negatives.certificates import POLICIES
from tests.faults.negatives.page import PAGE, page
from tests.faults.negatives.scene import Scene
from tests.faults.negatives.table import TABLE, Negative, Refusal
from tests.support.world import single_attempts

pytestmark = [
    # The attackers use what joserfc warns of.
    pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning"),
]

ROOT = Path(__file__).parents[2]


def every(root: type[ChanomaError]) -> Iterator[type[ChanomaError]]:
    """Give all kinds of an error."""
    for kind in root.__subclasses__():
        yield kind
        yield from every(kind)


KINDS = {kind.code: kind for kind in every(ChanomaError)}


@pytest_asyncio.fixture(loop_scope="module")
async def scene(town: Town, tmp_path: Path) -> AsyncIterator[Scene]:
    async with single_attempts() as http:
        yield Scene(town, http, tmp_path)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("row", [row for row in TABLE if row.attack is not None], ids=lambda row: row.name)
async def test_it_is_refused(row: Negative, scene: Scene) -> None:
    assert row.attack is not None
    assert await row.attack(scene) == Refusal(row.wire, row.code)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("answers", [True, False], ids=["answers", "down"])
@pytest.mark.parametrize("policy", POLICIES)
async def test_a_good_certificate_is_taken_where_the_policy_says_so(policy: str, answers: bool, scene: Scene) -> None:
    """What is refused above is refused for what is wrong with it: the same card, good, is not."""
    await scene.platform_control("policy", crl_age=POLICIES[policy])
    try:
        if not answers:
            await scene.validation("faults", {"kind": "down", "path": "/ocsp*", "times": None})
        taken = scene.refused(await scene.box().sign_in(next(scene.town.new))) is None
        assert taken is (answers or POLICIES[policy] > 0)
    finally:
        await scene.town.world.control("validation", "DELETE", "/_sim/faults")
        await scene.platform_control("policy", crl_age=0)


@pytest.mark.parametrize("row", [row for row in TABLE if row.attack is None], ids=lambda row: row.name)
def test_another_test_tries_it(row: Negative) -> None:
    """The named test is there, and speaks of the error's class or one that it is a kind of."""
    path, _, name = row.proof.partition("::")
    source = (ROOT / path).read_text("utf-8")
    test = next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    )
    named = {node.attr for node in ast.walk(test) if isinstance(node, ast.Attribute)}
    named |= {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    assert named & ({kind.__name__ for kind in KINDS[row.code].__mro__} - {"ChanomaError"} | {"refused"})


@pytest.mark.parametrize("language", words.languages(""))
@pytest.mark.parametrize("code", sorted({row.code for row in TABLE if row.code}))
def test_a_person_is_told_in_words(code: str, language: str) -> None:
    """Cause and remedy stand on the page of any trouble, and the code for whoever is called."""
    error = KINDS[code].__new__(KINDS[code])
    ChanomaError.__init__(error, position=1, table="outbox")
    shown = trouble(word("trouble.again"), error)
    assert shown.code == code
    for text in (shown.lead, shown.remedy):
        said = words.render(text, language)
        assert len(said) > 8
        assert "{" not in said
        assert code not in said


def test_there_are_many_and_each_is_there_once() -> None:
    assert len(TABLE) >= 60
    assert len({row.name for row in TABLE}) == len({(row.what, row.by) for row in TABLE}) == len(TABLE)


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "python -m tests.faults.negatives.page"
