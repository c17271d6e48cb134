"""What several modules of these tests ask, as it takes long to start."""

from collections.abc import Iterator

import pytest
from elastic_events import Face, running_face


@pytest.fixture(scope="session")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    """Give an app server with the events of `elastic_events`, asked below `/es/`."""
    with running_face(tmp_path_factory.mktemp("elastic")) as running:
        yield running
