"""Elasticsearch and OpenSearch: indexes each event as a document.

Source: AWS service model and guide of Firehose, for the rotation of indexes, the ends of their
names, the length of those and the files of failed documents; Elasticsearch's reference of `_bulk`,
of index names, of `_id`, of index templates and of `_has_privileges`.
"""

from tailrace.destinations.elasticsearch.bulk import index_name
from tailrace.destinations.elasticsearch.indexing import DESTINATION, INDEX, index
from tailrace.destinations.elasticsearch.settings import Document, Settings

__all__ = ["DESTINATION", "INDEX", "Document", "Settings", "index", "index_name"]
