"""Elasticsearch's HTTP interface over the stored events, mounted at `/es/` on the app's port.

For tools that speak it and nothing else: Grafana's Elasticsearch data source, scripts with the
official Python clients, shippers that write by `_bulk`. There is one index, `events`; what its
queries mean is decided in `tailrace.query`, what is written goes to the collection port.

`face.ElasticFace` is the application; docs/elasticsearch.md says what is served.

Source: Elasticsearch 8 REST API reference; requests as Grafana 12's data source sends them.
"""

from tailrace.app.elastic.face import ElasticFace, is_elastic_path

__all__ = ["ElasticFace", "is_elastic_path"]
