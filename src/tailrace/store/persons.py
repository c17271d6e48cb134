"""Which person an actor is, as SQL on the dictionaries of people."""


def person_sql(actor: str = "actor") -> str:
    """Return SQL for the person that an actor (a hash of an id) is, a UInt64; 0 for nobody."""
    user = f"dictGetOrDefault('people_by_id', 'user', {actor}, {actor})"
    person = f"dictGetOrDefault('people_joined', 'person', {user}, {user})"
    return f"if({actor} = cityHash64(''), 0, {person})"
