from refining import Known, counts_of, events_of, one_event, record, refine, set_aside_of, track

from tailrace.refine.ids import id_hash


def test_a_missing_id_is_made_from_the_place_in_the_raw_log() -> None:
    items = [track(messageId=None), track(messageId="")]

    once = [event.message_id for event in events_of(refine(record({"batch": items})))]
    again = [event.message_id for event in events_of(refine(record({"batch": items})))]

    assert once == again == ["tailrace-1735787050000000-0-7-0", "tailrace-1735787050000000-0-7-1"]


def test_an_id_of_the_longest_allowed_length_is_kept() -> None:
    assert one_event(track(messageId="x" * 256)).message_id == "x" * 256


def test_an_overlong_id_is_cut_and_stays_distinct() -> None:
    first = one_event(track(messageId="x" * 300 + "1")).message_id
    second = one_event(track(messageId="x" * 300 + "2")).message_id

    assert len(first) == len(second) == 256
    assert first != second


def test_an_id_hash_is_the_same_in_every_process_and_version() -> None:
    assert id_hash("web", "m1").hex() == "152635eb9a136bda746602140ce378d1"


def test_a_known_id_is_a_duplicate() -> None:
    refined = refine(record({"batch": [track()]}), known=Known(id_hash("web", "m1")))

    (row,) = set_aside_of(refined)
    assert counts_of(refined) == {"duplicate": 1}
    assert (row.outcome, row.message_id, row.event, row.original) == (
        "duplicate",
        "m1",
        "Clicked",
        "",
    )
    assert refined.blocks[0].id_hashes == b""


def test_of_equal_ids_in_one_step_the_first_goes_on() -> None:
    refined = refine(
        record({"batch": [track(event="first"), track(event="second")]}, offset=1),
        record({"batch": [track(event="third")]}, offset=2),
    )

    assert [event.event for event in events_of(refined)] == ["first"]
    assert counts_of(refined) == {"refined": 1, "duplicate": 2}


def test_equal_ids_of_two_sources_are_two_events() -> None:
    refined = refine(record({"batch": [track()]}), record({"batch": [track()]}, source="app"))

    assert counts_of(refined) == {"refined": 2}


def test_a_block_carries_the_hashes_of_its_events_in_order() -> None:
    refined = refine(record({"batch": [track(), track(), track(messageId="m2")]}))

    assert refined.blocks[0].id_hashes == id_hash("web", "m1") + id_hash("web", "m2")
