"""What other tests try already: the box's store, keys, sockets and card, each by the test that tries it."""

from __future__ import annotations

from tests.faults.negatives.table import Group, Negative, Who, enter

STORE = "tests/unit/store/test_store.py::"
KEY = "tests/unit/cable_id/test_device_key.py::"
CHANGED = STORE + "test_a_change_of_any_column_of_any_row_is_found"
HARMED = STORE + "test_what_is_damaged_is_said_and_kept"


def proven(name: str, group: Group, what: str, code: str, proof: str) -> None:
    """Enter what the named test tries."""
    enter(Negative(name, group, what, Who.BOX, code, proof=proof))


for what in ("outbox", "cost ledger", "links", "settings"):
    proven(
        f"store-{what.replace(' ', '-')}",
        Group.STORE,
        f"A row of the {what} is changed, column by column",
        "store.damaged",
        CHANGED,
    )
for name, what, test in (
    ("audit-entry", "An entry of the audit trail is taken out", "test_a_missing_audit_entry_is_found_at_its_place"),
    ("audit-rewritten", "The audit trail is rewritten by somebody who has the box's key", "test_the_chain_finds_what_was_rewritten_with_the_key"),
    ("audit-emptied", "The audit trail is emptied", "test_an_emptied_audit_trail_is_found"),
):  # fmt: skip
    proven(name, Group.STORE, what, "store.audit.broken", STORE + test)
for name, what, code in (
    ("store-key-missing", "The database without its key", "store.key.missing"),
    ("store-key-wrong", "The database with another box's key", "store.key.wrong"),
    ("store-key-exposed", "A key that others may read", "store.key.exposed"),
    ("store-missing", "The key without its database", "store.missing"),
    ("store-damaged", "A database that is cut off, empty, or none", "store.damaged"),
):
    proven(name, Group.STORE, what, code, HARMED)
proven(
    "store-second-writer",
    Group.STORE,
    "A second process writes",
    "store.busy",
    STORE + "test_a_second_writer_is_refused",
)
proven(
    "store-full",
    Group.STORE,
    "The disk is full",
    "store.not_written",
    STORE + "test_a_full_disk_is_told_and_nothing_of_the_change_stays",
)
proven(
    "outbox-key-again",
    Group.REPLAY,
    "An idempotency key of the outbox is used for another act",
    "store.outbox.key_reused",
    "tests/unit/store/test_outbox.py::test_another_act_may_not_use_the_key",
)
proven(
    "device-key-exposed",
    Group.STORE,
    "A device key that others may read",
    "cable_id.device_key.exposed",
    KEY + "test_a_wider_mode_is_refused",
)
proven(
    "device-key-damaged",
    Group.STORE,
    "A device key that is cut off",
    "cable_id.device_key.damaged",
    KEY + "test_a_damaged_key_is_told_and_kept",
)
proven(
    "device-key-link",
    Group.STORE,
    "A symbolic link in the device key's place",
    "cable_id.device_key.damaged",
    KEY + "test_a_link_in_its_place_is_refused",
)
REGISTERED = "tests/cable_id/test_registration.py::"
proven(
    "disk-stolen",
    Group.REGISTRATION,
    "A disk without its device key",
    "cable_id.registration.ended",
    REGISTERED + "test_a_disk_without_the_device_key_is_worth_nothing",
)
proven(
    "registration-old-key",
    Group.REGISTRATION,
    "A client key that was changed since",
    "cable_id.client.refused",
    REGISTERED + "test_an_old_key_is_worth_nothing",
)
proven(
    "registration-damaged",
    Group.REGISTRATION,
    "A record of the registration that was changed",
    "cable_id.registration.damaged",
    REGISTERED + "test_what_the_bench_says",
)
HANDOFF = "tests/cable_id/test_handoff.py::"
proven(
    "hand-off-other-key",
    Group.SUBSTITUTION,
    "A hand-off's text that another key sealed",
    "cable_id.handoff.damaged",
    HANDOFF + "test_what_another_key_sealed_is_refused",
)
proven(
    "hand-off-other-box",
    Group.SUBSTITUTION,
    "Another box asks for a hand-off",
    "cable_id.handoff.over",
    HANDOFF + "test_another_box_gets_nothing_and_learns_nothing",
)
proven(
    "hand-off-changed",
    Group.JOSE,
    "A hand-off's text with any byte changed",
    "cable_id.handoff.damaged",
    "tests/unit/cable_id/test_handoff.py::test_a_changed_byte_is_refused",
)
SERVICE = "tests/cable_id/test_service.py::"
proven(
    "records-elsewhere",
    Group.MIX_UP,
    "A record service's next page lies at another service, elsewhere, or has a name and password in its address",
    "cable_id.address.unsafe",
    SERVICE + "test_records_are_read_page_by_page_within_the_service",
)
proven(
    "service-nonsense",
    Group.RESOURCES,
    "A service answers what it did not promise",
    "cable_id.service.answer_invalid",
    SERVICE + "test_an_answer_that_was_not_promised",
)
proven(
    "platform-silent",
    Group.RESOURCES,
    "A platform that is open and says nothing",
    "cable_id.platform.unreachable",
    "tests/cable_id/test_platform.py::test_a_silent_platform_is_told_in_time",
)
proven(
    "card-individual-number",
    Group.SOCKETS,
    "Any command to the applications that hold the individual number",
    "card.forbidden",
    "tests/unit/card/test_gate.py::test_the_applications_of_the_individual_number_are_out_of_reach",
)
proven(
    "reset-order-nonsense",
    Group.JOSE,
    "An order to begin anew that is none, or from nobody the box knows",
    "cable_id.reset.order",
    "tests/unit/test_reset.py::test_an_order_of_another_key_or_without_any_is_refused",
)

EARLIER = STORE + "test_a_database_of_an_earlier_day_is_found"
proven("store-rolled-back", Group.STORE, "The database of an earlier day is put back", "store.rolled_back", EARLIER)
