"""FHIR R4 resources as this service writes them (HL7 FHIR 4.0.1)."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from simulators.health.seed import BLOOD_PRESSURE, DIASTOLIC, SYSTOLIC, WEIGHT, Measurement
from simulators.web import Problem

MEDIA_TYPE = "application/fhir+json"
LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_NAMES = {
    BLOOD_PRESSURE: ("Blood pressure panel with all children optional", "血圧"),
    SYSTOLIC: ("Systolic blood pressure", "収縮期血圧"),
    DIASTOLIC: ("Diastolic blood pressure", "拡張期血圧"),
    WEIGHT: ("Body weight", "体重"),
}
_UNITS = {SYSTOLIC: ("mmHg", "mm[Hg]"), DIASTOLIC: ("mmHg", "mm[Hg]"), WEIGHT: ("kg", "kg")}
# The issue types of FHIR R4 (value set issue-type) for the statuses that occur here.
_ISSUES = {400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported", 429: "throttled"}

Resource = dict[str, object]


def answer(resource: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Write a resource."""
    return web.json_response(resource, status=status, headers=headers, content_type=MEDIA_TYPE)


def operation_outcome(problem: Problem) -> web.Response:
    """Write a problem as an OperationOutcome."""
    code = _ISSUES.get(problem.status, "transient" if problem.status >= 500 else "processing")
    issue = {
        "severity": "error",
        "code": code,
        "details": {"text": problem.error},
        "diagnostics": problem.detail or problem.error,
    }
    return answer({"resourceType": "OperationOutcome", "issue": [issue]}, problem.status, problem.headers)


def _concept(code: str) -> Resource:
    display, text = _NAMES[code]
    return {"coding": [{"system": LOINC, "code": code, "display": display}], "text": text}


def _quantity(code: str, value: float) -> Resource:
    unit, ucum = _UNITS[code]
    return {"value": value, "unit": unit, "system": _UCUM, "code": ucum}


def observation(name: str, patient: str, measured: Measurement) -> Resource:
    """Write a measurement as an Observation of the vital signs profile."""
    at = measured.at.isoformat(timespec="seconds")
    category = {"coding": [{"system": _CATEGORY, "code": "vital-signs", "display": "Vital Signs"}]}
    resource: Resource = {
        "resourceType": "Observation",
        "id": name,
        "meta": {"versionId": "1", "lastUpdated": at},
        "status": "final",
        "category": [category],
        "code": _concept(measured.code),
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": at,
    }
    if len(measured.values) == 1:
        resource["valueQuantity"] = _quantity(*measured.values[0])
    else:
        resource["component"] = [{"code": _concept(c), "valueQuantity": _quantity(c, v)} for c, v in measured.values]
    return resource


def bundle(base: str, total: int, links: Mapping[str, str], found: Sequence[Resource]) -> Resource:
    """Write a page of a search."""
    entries = [
        {"fullUrl": f"{base}/{r['resourceType']}/{r['id']}", "resource": r, "search": {"mode": "match"}} for r in found
    ]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
        # An empty array is not allowed in FHIR's JSON: the member is left out.
        **({"entry": entries} if entries else {}),
    }


def capability_statement(base: str) -> Resource:
    """Describe this service."""
    interactions = [{"code": "read"}, {"code": "search-type"}]
    parameters = [{"name": "code", "type": "token"}, {"name": "date", "type": "date"}]
    smart = {
        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
        "code": "SMART-on-FHIR",
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-01",
        "kind": "instance",
        "software": {"name": "stb-sim health"},
        "implementation": {"description": "健康記録の模擬サービス", "url": base},
        "fhirVersion": "4.0.1",
        "format": [MEDIA_TYPE],
        "rest": [
            {
                "mode": "server",
                "security": {"service": [{"coding": [smart]}]},
                "resource": [
                    {"type": "Observation", "interaction": interactions, "searchParam": parameters},
                    {"type": "Patient", "interaction": [{"code": "read"}]},
                ],
            }
        ],
    }
