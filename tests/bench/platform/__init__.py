"""Ten thousand boxes sign in at one platform, 16 at once; then 200 at once; and what a sign-in costs the box itself.

Each box has a device key, a client key that it registered, and a connection of its own; each sign-in is whole (discovery, keys, card nonce,
what the card signs, tokens) and done by the box's own client. The cards' certificates are all different; a few keys sign for all of them,
and neither their time nor the card's modelled 400 ms is counted. One process holds the boxes, one the platform, one the validation
service, on the same cores. The client's cost is set beside a floor in the same run: the same five requests by bare aiohttp, and
the same signatures and envelopes by bare `cryptography` (and, to compare, by joserfc).
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulators.world import World
from tests.bench.platform.boxes import Box, Fleet, Report, Street
from tests.bench.platform.floor import floor

BUDGETS = {
    "steady.minutes": 10.0,
    "steady.p95_ms": 1000.0,
    "steady.failed": 0,
    "steady.memory_growth_kb_per_1000": 256.0,
    "overload.silences": 0,
    "overload.longest_answer_ms": 10_000.0,
    "overload.not_signed_in": 0,
    "client.cpu_over_floor": 3.0,
}
"""The project's own; ten minutes are for 10,000 boxes."""

_AT_ONCE = 16
_MANY = 200
_ALLOCATIONS = 20
_SETTLED = 2000
"""Boxes after which a process has what it keeps."""


def measure(boxes: int = 10_000) -> dict[str, Any]:
    """Measure with a world of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), boxes))


async def _measure(folder: Path, count: int) -> dict[str, Any]:
    async with World(state=folder, authority=folder / "authority") as world:
        fleet = await Fleet.build(world, count, datetime.now(UTC))
        registered = await fleet.register(_AT_ONCE)
        steady = await fleet.sign_in(fleet.boxes, _AT_ONCE)
        overload = await fleet.sign_in(fleet.boxes[:_MANY], _MANY)
        beside = await floor(world.platform, min(count, 500))
        cost = {
            "cpu_ms": round(steady.client_cpu * 1000 / count, 2),
            "floor": beside,
            "cpu_over_floor": round(steady.client_cpu * 1000 / count / (beside["crypto_ms"] + beside["http_ms"]), 2),
            **await _allocations(fleet.street, fleet.boxes[:_ALLOCATIONS]),
        }
        return {
            "boxes": count,
            "registered": _described(registered, count),
            "steady": {**_described(steady, count), **_memory(steady.memory, count)},
            "overload": {
                "at_once": min(_MANY, count),
                "answered_busy": overload.busy,
                "retry_after_s": overload.retry_after,
                "silences": overload.silences,
                "longest_answer_ms": round(overload.longest * 1000),
                "not_signed_in": overload.failed,
                "seconds": round(overload.seconds, 1),
            },
            "client": cost,
        }


def _described(report: Report, count: int) -> dict[str, float]:
    ordered = sorted(report.times)
    return {
        "minutes": round(report.seconds / 60, 2),
        "per_second": round(count / report.seconds, 1),
        "p50_ms": round(statistics.median(ordered) * 1000, 1),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)] * 1000, 1),
        "longest_ms": round(ordered[-1] * 1000, 1),
        "failed": report.failed,
        "answered_busy": report.busy,
        "platform_cpu_ms": round(report.platform_cpu * 1000 / count, 2),
    }


def _memory(samples: Sequence[int], count: int) -> dict[str, float]:
    """Give the platform's resident memory, and how fast it grew after the first fifth (least squares), where that tells anything."""
    found: dict[str, float] = {"memory_first_kb": samples[0], "memory_last_kb": samples[-1]}
    if count >= _SETTLED:
        settled = samples[len(samples) // 5 :]
        thousands = count / 1000 / (len(samples) - 1)
        slope = statistics.linear_regression(range(len(settled)), settled).slope
        found["memory_growth_kb_per_1000"] = round(slope / thousands, 1)
    return found


async def _allocations(street: Street, boxes: Sequence[Box]) -> dict[str, float]:
    """Give what the client allocates at most during a sign-in, and what is left of it afterwards."""
    await boxes[0].sign_in(street)
    tracemalloc.start()
    try:
        peaks, left = [], []
        for box in boxes:
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            await box.sign_in(street)
            after, peak = tracemalloc.get_traced_memory()
            peaks.append(peak - before)
            left.append(after - before)
    finally:
        tracemalloc.stop()
    return {
        "peak_kb": round(statistics.median(peaks) / 1024, 1),
        "left_kb": round(statistics.median(left) / 1024, 1),
    }
