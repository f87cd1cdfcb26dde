"""An OpenAPI description, and whether what went over the wire is as it says."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fastjsonschema

PLATFORM = Path(__file__).parents[2] / "simulators" / "platform" / "openapi.json"


@dataclass
class Described:
    """The description of one server; schemas are compiled when they are first needed."""

    document: dict[str, Any] = field(default_factory=lambda: json.loads(PLATFORM.read_text("utf-8")))
    compiled: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

    def operations(self) -> set[tuple[str, str]]:
        """Give every method and path."""
        return {
            (method.upper(), path)
            for path, item in self.document["paths"].items()
            for method in item
            if method != "parameters"
        }

    def operation(self, method: str, url: str) -> dict[str, Any] | None:
        """Find what is said of a request; None if nothing is."""
        path = urlsplit(url).path
        for template, item in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path):
                found: dict[str, Any] | None = item.get(method.lower())
                return found
        return None

    def fits(self, schema: Mapping[str, Any], value: Any, what: str) -> None:
        """Assert that a value is as its schema says."""
        name = json.dumps(schema, sort_keys=True)
        if name not in self.compiled:
            whole = {**schema, "components": self.document["components"]}
            self.compiled[name] = fastjsonschema.compile(whole, use_default=False)
        try:
            self.compiled[name](value)
        except fastjsonschema.JsonSchemaException as error:
            raise AssertionError(f"{what}: {error}") from None

    def check(self, method: str, url: str, status: int, answer: Any, sent: Mapping[str, Any]) -> None:
        """Assert that an answer is described; that a request is, too, if it succeeded. `sent` has `json` or `data` (a form)."""
        operation = self.operation(method, url)
        if operation is None or (isinstance(answer, dict) and answer.get("error_description") == "scripted"):
            return
        what = f"{method} {urlsplit(url).path} {status}"
        response = operation["responses"].get(str(status))
        assert response is not None, f"{what} is not described"
        if "content" in response:
            self.fits(response["content"]["application/json"]["schema"], answer, what)
        else:
            assert answer in (None, ""), f"{what} has no body"
        if status < 300 and "requestBody" in operation:
            ((kind, media),) = operation["requestBody"]["content"].items()
            body = sent.get("json" if kind == "application/json" else "data")
            self.fits(media["schema"], body, f"request of {what}")
