"""Events of every weirdness, as hypothesis makes them."""

from hypothesis import strategies as st

TYPES = ["track", "identify", "page", "screen", "group", "alias"]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["2026-11-21T10:00:00.000Z", "10000-01-01T00:00:00Z", "a\x00b", "\\N", "\\."]),
)
KEYS = st.one_of(
    st.text(max_size=12), st.sampled_from(["userId", "user id", "id", "ctid", "a b", "aB", "名前"])
)
VALUES = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=10,
    ),
    max_size=6,
)
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES), "properties": VALUES, "traits": VALUES, "context": VALUES},
    optional={
        "event": LEAVES,
        "name": LEAVES,
        "groupId": LEAVES,
        "userId": LEAVES,
        "previousId": LEAVES,
        "receivedAt": LEAVES,
        "sentAt": LEAVES,
        "messageId": LEAVES,
    },
)
