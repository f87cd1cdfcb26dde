"""The inspector sees what is wrong: each fault, made on purpose, is complained of; and what is right is not."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from PIL import Image, ImageDraw

from stb_agent.contract.appearance import Appearance, Profile
from stb_agent.contract.messages import Status
from stb_agent.contract.views import Help, Item, List, Message, Tone
from tests.support import views
from tests.support.inspector import layout, picture, reach
from tests.support.screens import LONG
from tests.support.typeface import measure
from ui import theme
from ui.focus import Box, Node
from ui.scene import Dot, Label, Panel, Scene, Shape, Stroke
from ui.screens.kinds import drawer
from ui.sketch import Place, Sketch

_HERE = Box(300, 300, 400, 55)


def _label(text: str = "茶の間", box: Box = _HERE, size: int = 40, colour: theme.Colour = theme.INK) -> Label:
    return Label(box, (text,), size, False, colour)


def _of(scene: Scene, *, cut: bool = False) -> list[str]:
    return list(layout.of_scene(scene, Sketch(measure, Appearance()), cut=cut))


def test_what_is_right_is_not_complained_of() -> None:
    status = Status()
    laid = layout.pages("home", views.HOME, status, drawer(measure))
    assert layout.inspect(laid, status) == []


@pytest.mark.parametrize(
    ("scene", "complaint"),
    [
        (Scene(labels=(_label("たいへん長い名…"),)), "cut: "),
        (Scene(labels=(_label(size=30),)), "of 30 px: "),
        (Scene(labels=(_label("\u1f60"),)), "no glyph for "),
        (Scene(labels=(_label(box=Box(20, 300, 100, 55)),)), "outside the safe area: "),
        (Scene(panels=(Panel(Box(90, 1000, 300, 60), theme.TILE),)), "outside the safe area: "),
        (Scene(labels=(_label(), _label("電話", Box(320, 320, 200, 55)))), " on "),
        (Scene(labels=(Label(_HERE, ("Pre", "vious"), 40, False, theme.INK),)), "a word in two: "),
        (Scene(panels=(Panel(Box(350, 280, 200, 90), theme.TILE),), labels=(_label(),)), "over the edge of "),
        (Scene(dots=(Dot(Box(310, 310, 20, 20), theme.LAMP, Shape.DISC),), labels=(_label(),)), "on a disc"),
    ],
    ids=lambda it: it.strip(" :") if isinstance(it, str) else "",
)
def test_a_fault_of_the_layout_is_seen(scene: Scene, complaint: str) -> None:
    assert any(complaint in it for it in _of(scene)), _of(scene)
    assert _of(Scene(labels=(_label(),))) == []


def test_words_too_long_are_seen_and_let_pass_only_where_they_may_be() -> None:
    status, draw = Status(), drawer(measure)
    view = Message(title=LONG * 9, lead=LONG * 9, tone=Tone.INFO)
    assert any("cut: " in it for it in layout.inspect(layout.pages("m", view, status, draw), status))
    assert layout.inspect(layout.pages("m", view, status, draw), status, cut=True) == []


def test_a_line_that_is_left_out_is_seen() -> None:
    status, draw = Status(), drawer(measure)
    assert isinstance(views.HELP, Help)
    more = msgspec.structs.replace(views.HELP, hidden=(*views.HELP.hidden, "そのほか"))
    sketch = draw(views.HELP, status, Place())
    page = layout.Page("help", more, Place(), sketch)
    assert layout.inspect([page], status) == ["help: unsaid: そのほか"]


def test_buttons_that_are_too_low_or_in_one_place_or_smaller_than_their_words_are_seen() -> None:
    sketch = Sketch(measure, Appearance())
    sketch.button("a", Box(300, 300, 300, 90), "予約")
    sketch.button("b", Box(500, 300, 300, 96), "やめる")
    sketch.button("c", Box(900, 300, 300, 20), "テレビに戻る")
    wrong = list(layout.of_buttons(sketch.buttons, sketch.nodes))
    assert {"90 px high: a", "20 px high: c", "a on b"} <= set(wrong)
    assert any(it.startswith("out of its button") for it in wrong)


def test_what_no_arrow_leads_to_is_seen() -> None:
    across = (Node("a", Box(300, 300, 300, 96)), Node("b", Box(300, 300, 300, 96)))
    assert [it for it in reach.unreachable(across) if it.startswith("unreachable")]
    assert [it for it in reach.unreachable((across[0], across[0])) if it.startswith("twice")]
    assert reach.unreachable((across[0], Node("b", Box(700, 300, 300, 96)))) == []


def test_a_page_without_a_way_out_is_seen() -> None:
    status = Status()
    page = layout.Page(
        "list", List(title="一覧", items=(Item("a", "あ"),)), Place(), drawer(measure)(views.PIN, status, Place())
    )
    assert {"no way out: back", "no way out: tv"} <= set(layout.of_page(page, status))


def test_what_only_colours_tell_apart_is_seen() -> None:
    def line(y: float, colour: theme.Colour) -> Stroke:
        return Stroke(((300, y), (600, y)), colour, 5)

    def dot(x: float, y: float, colour: theme.Colour, shape: Shape) -> Dot:
        return Dot(Box(x - 10, y - 10, 20, 20), colour, shape)

    lines = (line(400, theme.LAMP), line(500, theme.SECOND))
    assert any("tell 2 lines apart" in it for it in layout.alike(Scene(strokes=lines)))
    same = tuple(dot(300, y, colour, Shape.DISC) for y, colour in ((400, theme.LAMP), (500, theme.SECOND)))
    assert any("tell 2 lines apart" in it for it in layout.alike(Scene(strokes=lines, dots=same)))
    other = (same[0], dot(300, 500, theme.SECOND, Shape.DIAMOND))
    assert list(layout.alike(Scene(strokes=lines, dots=other))) == []
    assert any("only its colour" in it for it in layout.alike(Scene(dots=same)))
    beside = tuple(_label(box=Box(330, y - 20, 200, 40)) for y in (400, 500))
    assert list(layout.alike(Scene(dots=same, labels=beside))) == []
    assert layout.signs(Scene(dots=same[:1])) == layout.signs(Scene(dots=(same[0]._replace(colour=theme.BAD),)))


def test_colours_that_are_too_near_are_seen() -> None:
    panel = Panel(Box(280, 280, 500, 100), theme.LAMP)
    assert any(it.startswith("1.") for it in layout.poor(Scene(panels=(panel,), labels=(_label(colour=theme.INK),))))
    assert list(layout.poor(Scene(panels=(panel,), labels=(_label(colour=theme.DARK_INK),)))) == []


# -- pixels ---------------------------------------------------------------------------------------------------------------


def _paint(scene: Scene, wall: tuple[int, int, int] = (20, 20, 20)) -> Image.Image:
    """Draw a scene with Pillow, plainly: each text as a box of its colour where ``_INK`` says, else in its place."""
    colours = {
        it: tuple(round(255 * part) for part in rgb) for it, rgb in theme.THEMES[Profile.STANDARD].palette.items()
    }
    ink = scene.profile is picture.Ink.PROFILE
    if ink:
        colours = dict.fromkeys(theme.Colour, (0, 0, 0)) | dict(
            zip(picture.CHANNELS, ((255, 0, 0), (0, 255, 0), (0, 0, 255)), strict=True)
        )
    image = Image.new("RGB", (theme.WIDTH, theme.HEIGHT), (0, 0, 0) if ink else wall)
    draw = ImageDraw.Draw(image)
    for panel in scene.panels:
        box = (panel.box.x, panel.box.y, panel.box.right - 1, panel.box.bottom - 1)
        draw.rectangle(
            box,
            **(
                {"outline": colours[panel.colour], "width": panel.thickness}
                if panel.thickness
                else {"fill": colours[panel.colour]}
            ),
        )
    for label in scene.labels:
        if label.lines != ("",):
            x, y = label.box.x + (600 if label.lines == ("stray",) else 4), label.box.y + 8
            draw.rectangle((x, y, x + label.box.w - 9, y + 30), fill=colours[label.colour])
    return image


def _text(scene: Scene) -> list[str]:
    return list(picture.of_text(scene, _paint(scene), _paint))


def test_text_that_is_not_drawn_or_elsewhere_or_hardly_seen_is_seen_in_the_pixels() -> None:
    near = _label("電話", Box(300, 380, 400, 55))
    assert _text(Scene(labels=(_label(), near))) == []
    assert _text(Scene(labels=(_label(""),))) == ["not drawn: "]
    assert _text(Scene(labels=(_label("stray"),))) == ["not drawn: stray"], "it is far from its place"
    lamp = Panel(Box(280, 280, 200, 100), theme.LAMP)  # under a part of it
    (poor,) = _text(Scene(panels=(lamp,), labels=(_label(),)))
    assert poor.endswith(":1 measured: 茶の間")


def test_ink_beside_its_place_is_seen() -> None:
    class Shifted:
        def __call__(self, scene: Scene) -> Image.Image:
            moved = tuple(it._replace(box=it.box._replace(x=it.box.x + 20)) for it in scene.labels)
            return _paint(scene._replace(labels=moved))

    scene = Scene(labels=(_label(),))
    assert any("its ink is at" in it for it in picture.of_text(scene, _paint(scene), Shifted()))


def test_anything_off_the_safe_area_is_seen_in_the_pixels() -> None:
    wall = _paint(Scene())
    assert list(picture.of_edges(_paint(Scene(labels=(_label(),))), wall)) == []
    out = Scene(panels=(Panel(Box(60, 300, 100, 100), theme.LAMP),))
    assert [it for it in picture.of_edges(_paint(out), wall) if it.startswith("drawn outside")]


def _ringed(ring: Panel | None, wall: tuple[int, int, int] = (20, 20, 20)) -> Iterator[str]:
    node = Panel(Box(300, 300, 300, 96), theme.FOCUS)
    return picture.of_ring(_paint(Scene(panels=(node, *([ring] if ring else ()))), wall), node.box)


def test_a_focus_ring_that_is_missing_or_thin_or_runs_into_its_surroundings_is_seen() -> None:
    ring = Panel(Box(300, 300, 300, 96).grown(theme.EDGE), theme.LAMP, 0, theme.RING)
    assert list(_ringed(ring)) == []
    assert len(list(_ringed(None))) == 4
    assert len(list(_ringed(ring._replace(thickness=2)))) == 4
    assert len(list(_ringed(ring, wall=(255, 200, 120)))) == 4
    assert len(list(_ringed(ring._replace(colour=theme.TILE)))) == 4


def test_what_differs_in_colour_alone_is_alike_without_colours() -> None:
    red, green = Image.new("RGB", (100, 100), (200, 60, 60)), Image.new("RGB", (100, 100), (60, 128, 60))
    assert picture.differ(red, green) == 0
    assert picture.differ(red, Image.new("RGB", (100, 100), (250, 250, 250))) == 10_000
