"""The programme's picture."""

from datetime import datetime

import pytest
from PIL import ImageChops

from simulators.tv.scene import HEIGHT, WIDTH, Scene

EVENING = datetime(2026, 11, 22, 18, 42, 7)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


def test_it_is_the_same_every_time(scene: Scene) -> None:
    assert ImageChops.difference(scene.still, Scene().still).getbbox() is None


@pytest.mark.parametrize("warning", [False, True])
def test_its_moving_parts_fit_their_boxes_on_the_screen(scene: Scene, warning: bool) -> None:
    for tick in (0, 1, 777, 2019, 5000):
        for box, picture in scene.moving(EVENING, tick, warning):
            assert 0 <= box[0] < box[2] <= WIDTH
            assert 0 <= box[1] < box[3] <= HEIGHT
            assert picture.size == (box[2] - box[0], box[3] - box[1])
            assert picture.mode == "RGB"


def test_clouds_boat_and_clock_move(scene: Scene) -> None:
    before = dict(scene.moving(EVENING, 100, False))
    after = dict(scene.moving(EVENING.replace(second=8), 101, False))
    assert len(before) == 3
    assert all(ImageChops.difference(before[box], after[box]).getbbox() for box in before)


def test_the_warning_covers_what_restoring_gives_back(scene: Scene) -> None:
    (box, _), *others = scene.moving(EVENING, 3, True)
    assert all(other[1] >= box[3] for other, _ in others)  # nothing is painted over it, not even for a moment
    calm = [other for other, _ in scene.moving(EVENING, 3, False)]
    assert {other for other, _ in others} == {other for other in calm if other[3] > box[3]}
    restored, picture = scene.restored()
    assert restored == box
    assert ImageChops.difference(picture, scene.still.crop(box)).getbbox() is None


def test_the_channel_caption_is_never_under_a_cloud(scene: Scene) -> None:
    plate = (1494, 66, 1824, 134)
    for tick in range(0, WIDTH, 160):
        frame = scene.still.copy()
        for box, picture in scene.moving(EVENING, tick, False):
            frame.paste(picture, box[:2])
        assert ImageChops.difference(frame.crop(plate), scene.still.crop(plate)).getbbox() is None
