"""The record service against docs/service-contracts.md and HL7 FHIR 4.0.1."""

from datetime import datetime

import pytest

from simulators.platform.seed import CONTRACT_NUMBER

BLOOD_PRESSURE = "code=http://loinc.org|85354-9"


async def visitor(town, name="linked"):
    box = town.box()
    token = await box.token(town.card(name))
    await box.link(token, CONTRACT_NUMBER)
    return box, (await box.exchange(token, town.address["health"])).body["access_token"]


async def search(town, box, token, query):
    return await box.send("GET", f"{town.address['health']}/Observation?{query}", token=token)


async def test_what_is_public(town):
    url = town.address["health"]
    metadata = await town.control("health", "GET", "/metadata")
    assert metadata.headers["Content-Type"].startswith("application/fhir+json")
    assert (metadata.body["resourceType"], metadata.body["fhirVersion"]) == ("CapabilityStatement", "4.0.1")
    # The elements that are mandatory in a CapabilityStatement (FHIR R4, 5.4.4).
    assert {"status", "date", "kind", "fhirVersion", "format"} <= set(metadata.body)
    assert metadata.body["implementation"]["url"] == url
    smart = (await town.control("health", "GET", "/.well-known/smart-configuration")).body
    discovery = (await town.control("platform", "GET", "/.well-known/openid-configuration")).body
    assert smart["token_endpoint"] == discovery["token_endpoint"]
    assert {"grant_types_supported", "capabilities", "code_challenge_methods_supported"} <= set(smart)


async def test_blood_pressure_newest_first(town):
    box, token = await visitor(town)
    reply = await search(town, box, token, f"{BLOOD_PRESSURE}&_sort=-date&_count=5")
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("application/fhir+json")
    bundle = reply.body
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    assert len(bundle["entry"]) == 5
    times = []
    for entry in bundle["entry"]:
        found = entry["resource"]
        assert entry["fullUrl"] == f"{town.address['health']}/Observation/{found['id']}"
        assert entry["search"] == {"mode": "match"}
        assert (found["resourceType"], found["status"]) == ("Observation", "final")
        assert found["code"]["coding"][0]["code"] == "85354-9"
        assert found["category"][0]["coding"][0]["code"] == "vital-signs"
        values = {c["code"]["coding"][0]["code"]: c["valueQuantity"] for c in found["component"]}
        assert set(values) == {"8480-6", "8462-4"}
        for quantity in values.values():
            assert (quantity["system"], quantity["code"]) == ("http://unitsofmeasure.org", "mm[Hg]")
        assert 90 < values["8480-6"]["value"] < 190
        assert 45 < values["8462-4"]["value"] < values["8480-6"]["value"]
        times.append(datetime.fromisoformat(found["effectiveDateTime"]))
    assert times == sorted(times, reverse=True)
    assert times[0] < town.now


async def test_all_pages_together_are_the_whole(town):
    box, token = await visitor(town)
    page = (await search(town, box, token, f"{BLOOD_PRESSURE}&_sort=date&_count=20")).body
    seen = []
    while True:
        seen += [entry["resource"] for entry in page["entry"]]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        page = (await box.send("GET", following[0], token=token)).body
    assert len(seen) == len({found["id"] for found in seen}) == page["total"] > 40
    times = [datetime.fromisoformat(found["effectiveDateTime"]) for found in seen]
    assert times == sorted(times)
    assert (times[-1] - times[0]).days > 200


async def test_codes_and_dates_narrow_a_search(town):
    box, token = await visitor(town)
    weights = (await search(town, box, token, "code=29463-7")).body
    assert {e["resource"]["valueQuantity"]["code"] for e in weights["entry"]} == {"kg"}
    everything = (await search(town, box, token, "_count=1")).body["total"]
    pressures = (await search(town, box, token, f"{BLOOD_PRESSURE}&_count=1")).body["total"]
    assert everything == pressures + weights["total"]
    none = (await search(town, box, token, "code=http://snomed.info/sct|85354-9")).body
    assert none["total"] == 0
    assert "entry" not in none, "FHIR's JSON has no empty arrays"
    later = (await search(town, box, token, "date=ge2026-10-01&_count=100")).body
    assert 0 < later["total"] < everything
    assert all(e["resource"]["effectiveDateTime"] >= "2026-10-01" for e in later["entry"])


@pytest.mark.parametrize("query", ["_count=-1", "_count=x", "_sort=code", "date=2026-10-01"])
async def test_a_bad_search_is_an_operation_outcome(town, query):
    box, token = await visitor(town)
    reply = await search(town, box, token, query)
    assert (reply.status, reply.body["resourceType"]) == (400, "OperationOutcome")
    assert reply.body["issue"][0]["severity"] == "error"


async def test_reading_one(town):
    box, token = await visitor(town)
    first = (await search(town, box, token, "_count=1")).body["entry"][0]
    assert (await box.send("GET", first["fullUrl"], token=token)).body == first["resource"]
    patient = f"{town.address['health']}/{first['resource']['subject']['reference']}"
    assert (await box.send("GET", patient, token=token)).body["resourceType"] == "Patient"
    other, others_token = await visitor(town, "new")
    for address in (first["fullUrl"], patient):
        reply = await other.send("GET", address, token=others_token)
        assert (reply.status, reply.body["issue"][0]["code"]) == (404, "not-found")


async def test_each_person_has_records_and_keeps_them(town):
    query = f"{BLOOD_PRESSURE}&_count=100"
    box, token = await visitor(town)
    mine = (await search(town, box, token, query)).body["entry"]
    other, others_token = await visitor(town, "new")
    theirs = (await search(town, other, others_token, query)).body["entry"]
    assert not {e["resource"]["id"] for e in mine} & {e["resource"]["id"] for e in theirs}
    assert len(theirs) > 40
    await town.restart("health")
    assert (await search(town, box, token, query)).body["entry"] == mine


async def test_errors_before_the_door_are_operation_outcomes_too(town):
    reply = await town.control("health", "GET", "/Observation")
    assert (reply.status, reply.body["resourceType"]) == (401, "OperationOutcome")
    assert reply.headers["WWW-Authenticate"] == 'DPoP algs="ES256"'
    reply = await town.control("health", "GET", "/Medication")
    assert (reply.status, reply.body["issue"][0]["code"]) == (404, "not-found")
    await town.fault("health", "status", status=503)
    reply = await town.control("health", "GET", "/metadata")
    assert (reply.status, reply.body["issue"][0]["code"], reply.headers["Retry-After"]) == (503, "transient", "2")


async def test_an_old_sign_in_is_asked_for_again(town):
    box, token = await visitor(town)
    signed_in = await box.token(town.card("linked"))
    town.later(599)
    token = (await box.exchange(signed_in, town.address["health"])).body["access_token"]
    town.later(302)
    reply = await search(town, box, token, BLOOD_PRESSURE)
    assert reply.body["issue"][0]["details"]["text"] == "insufficient_user_authentication"
    assert 'max_age="900"' in reply.headers["WWW-Authenticate"]
