"""Unmodified server SDKs: what they send is what is stored, field by field."""

import pytest
from expecting import check_asked, check_stored
from proxying import recording_proxy
from running import Tailrace
from server_sdks import CALLS, SERVER_SDKS, Sdk, run_to_end


@pytest.mark.parametrize("sdk", SERVER_SDKS, ids=str)
def test_every_call_of_a_server_sdk_is_stored_as_it_was_sent(running: Tailrace, sdk: Sdk) -> None:
    before = running.count()

    with recording_proxy(running.collect_url) as recording:
        report = run_to_end(sdk, host=recording.url, write_key=running.write_key)
    running.wait_stored(before + len(CALLS))

    assert (report.version, report.errors, report.queued) == (sdk.version, [], len(CALLS))
    sent = recording.events()
    assert len(sent) == len(CALLS)
    for event in sent.values():
        check_stored(running, event)
        library = event.fields["context"]["library"]
        assert library == {"name": sdk.library, "version": sdk.version}
    check_asked([running.event(message_id)["event"] for message_id in sent], CALLS)


@pytest.mark.parametrize("sdk", SERVER_SDKS, ids=str)
def test_ids_that_a_program_chose_are_kept(running: Tailrace, sdk: Sdk) -> None:
    ids = [f"chosen/{sdk.name}/ü-{n} %20?#" for n in range(3)]
    calls = [
        {"method": "track", "user_id": "u-1", "event": "With An Id", "message_id": message_id}
        for message_id in ids
    ]

    run_to_end(sdk, host=running.collect_url, write_key=running.write_key, calls=calls * 2)
    running.wait_stored(
        len(ids), where="startsWith(message_id, {start:String})", start=f"chosen/{sdk.name}/"
    )

    for message_id in ids:
        assert running.event(message_id)["event"]["message_id"] == message_id


@pytest.mark.parametrize("sdk", SERVER_SDKS, ids=str)
def test_a_wrong_write_key_makes_an_sdk_give_up_at_once(running: Tailrace, sdk: Sdk) -> None:
    call = {"method": "track", "user_id": "u-1", "event": "Never Stored", "message_id": sdk.name}

    with recording_proxy(running.collect_url) as recording:
        report = run_to_end(sdk, host=recording.url, write_key="wrong-write-key", calls=[call])

    assert [exchange.status for exchange in recording.posts()] == [400]
    assert report.errors


def test_an_event_that_no_sdk_should_send_is_set_aside_and_its_neighbours_stored(
    running: Tailrace,
) -> None:
    sdk = SERVER_SDKS[0]
    calls = [
        {"method": "track", "user_id": "set-aside", "event": "", "message_id": "aside-1"},
        {"method": "track", "user_id": "set-aside", "event": "Good", "message_id": "aside-2"},
    ]

    run_to_end(sdk, host=running.collect_url, write_key=running.write_key, calls=calls)
    running.wait_settled()

    assert running.count("user_id = 'set-aside'") == 1
    assert running.event("aside-2")["event"]["event"] == "Good"
    assert running.get("/api/v1/trace/aside-1")["outcome"] == "invalid"
    running.audit()
