import pytest

from tailrace.app.elastic.contexts import CONTEXTS_MAX, CONTEXTS_PER_ACTOR_MAX, Contexts
from tailrace.app.elastic.errors import ElasticError
from tailrace.testing.clock import ManualClock


def test_a_context_ends_when_nobody_asks_for_it_in_time() -> None:
    clock = ManualClock()
    contexts = Contexts(clock)
    context = contexts.open("pit", actor="ada", keep_alive="1m")

    clock.advance(59)
    contexts.find("pit", context.id, actor="ada", keep_alive="1m")
    clock.advance(59)
    contexts.find("pit", context.id, actor="ada", keep_alive=None)
    clock.advance(2)

    with pytest.raises(ElasticError, match="No search context found"):
        contexts.find("pit", context.id, actor="ada", keep_alive=None)


def test_a_shorter_time_does_not_end_a_context_sooner() -> None:
    clock = ManualClock()
    contexts = Contexts(clock)
    context = contexts.open("pit", actor="ada", keep_alive="1h")

    contexts.find("pit", context.id, actor="ada", keep_alive="1s")
    clock.advance(3_599)

    assert contexts.find("pit", context.id, actor="ada", keep_alive=None).id == context.id


@pytest.mark.parametrize(("kind", "actor"), [("scroll", "ada"), ("pit", "bob")])
def test_a_context_is_found_by_its_owner_as_what_it_is(kind: str, actor: str) -> None:
    contexts = Contexts()
    context = contexts.open("pit", actor="ada", keep_alive="1m")

    with pytest.raises(ElasticError) as missing:
        contexts.find(kind, context.id, actor=actor, keep_alive=None)  # type: ignore[arg-type]

    assert missing.value.status == 404
    assert contexts.close([context.id], kind="pit", actor="bob") == 0
    assert contexts.close(None, kind="pit", actor="ada") == 1


def test_one_actor_has_so_many_contexts_at_most() -> None:
    clock = ManualClock()
    contexts = Contexts(clock)
    for _ in range(CONTEXTS_PER_ACTOR_MAX):
        contexts.open("scroll", actor="ada", keep_alive="1m")

    with pytest.raises(ElasticError) as refused:
        contexts.open("scroll", actor="ada", keep_alive="1m")

    assert (refused.value.status, refused.value.headers()) == (429, [("retry-after", "10")])
    contexts.open("scroll", actor="bob", keep_alive="1m")
    clock.advance(61)
    contexts.open("scroll", actor="ada", keep_alive="1m")


def test_all_actors_have_so_many_contexts_at_most() -> None:
    contexts = Contexts()
    for number in range(CONTEXTS_MAX):
        contexts.open("pit", actor=f"actor-{number // 90}", keep_alive="1m")

    with pytest.raises(ElasticError, match="too many scroll contexts"):
        contexts.open("pit", actor="one more", keep_alive="1m")
