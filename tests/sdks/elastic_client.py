"""Drives a Python client of Elasticsearch or OpenSearch: reads a job, prints a report.

Usage: elastic_client.py MODULE < job.json, where MODULE is `elasticsearch` or `opensearchpy`. The
job is `{"url", "token", "write_key", "marker", "at"}`: documents are written with the key, each
with the marker, and read with the token. The report says what each call gave.
"""

import importlib
import json
import sys
import time

DOCUMENTS = 7
VISIBLE_S_MAX = 60.0


class Elastic:
    """Makes the calls as both families of clients spell them."""

    def __init__(self, module, url, password, **options):
        self.module = module
        self.is_opensearch = module.__name__ == "opensearchpy"
        if self.is_opensearch:
            self.client = module.OpenSearch(hosts=[url], http_auth=("any", password), **options)
        else:
            self.client = module.Elasticsearch(url, basic_auth=("any", password), **options)
        self.helpers = importlib.import_module(module.__name__ + ".helpers")

    def search(self, body, **parameters):
        if self.is_opensearch:
            return self.client.search(body=body, **parameters)
        return self.client.search(
            **{("from_" if k == "from" else k): v for k, v in body.items()}, **parameters
        )

    def count(self, query):
        if self.is_opensearch:
            return self.client.count(index="events", body={"query": query})["count"]
        return self.client.count(index="events", query=query)["count"]

    def index(self, document_id, document):
        word = "body" if self.is_opensearch else "document"
        return self.client.index(index="events", id=document_id, **{word: document})

    def msearch(self, lines):
        word = "body" if self.is_opensearch else "searches"
        return self.client.msearch(**{word: lines})

    def pages(self, query):
        """Return all ids by a point in time."""
        if self.is_opensearch:
            pit = self.client.create_pit(index="events", keep_alive="1m")["pit_id"]
        else:
            pit = self.client.open_point_in_time(index="events", keep_alive="1m")["id"]
        found, after = [], None
        while True:
            body = {"query": query, "size": 3, "pit": {"id": pit, "keep_alive": "1m"}}
            body["sort"] = [{"@timestamp": "asc"}, "_shard_doc"]
            if after is not None:
                body["search_after"] = after
            hits = self.search(body)["hits"]["hits"]
            if not hits:
                break
            found += [hit["_id"] for hit in hits]
            after = hits[-1]["sort"]
        if self.is_opensearch:
            closed = self.client.delete_pit(body={"pit_id": [pit]})["pits"][0]["successful"]
        else:
            closed = self.client.close_point_in_time(id=pit)["succeeded"]
        return found, closed

    def objects(self, host):
        """Return what the objects of the client's own query language find, where it has one."""
        if self.is_opensearch:
            search = self.module.Search(using=self.client, index="events")
        else:
            dsl = importlib.import_module("elasticsearch.dsl")
            search = dsl.Search(using=self.client, index="events")
        search = search.query("term", **{"properties.host.keyword": host})
        search.aggs.bucket("hosts", "terms", field="properties.host.keyword").metric(
            "disk", "max", field="properties.disk"
        )
        response = search.sort("-@timestamp").execute()
        buckets = [(b.key, b.doc_count, b.disk.value) for b in response.aggregations.hosts.buckets]
        found = {"ids": [hit.meta.id for hit in response], "buckets": buckets}
        plain = type(search)(using=self.client, index="events").query(
            "term", **{"properties.host.keyword": host}
        )
        found["scanned"] = sorted(hit.meta.id for hit in plain.scan())
        if hasattr(plain, "iterate"):
            found["iterated"] = sorted(hit.meta.id for hit in plain.iterate())
        return found


def status_of(module, call):
    """Return the status and the type of the error that a call ends with."""
    if module.__name__ == "opensearchpy":
        try:
            call()
        except module.TransportError as error:
            return [error.status_code, error.error]
    else:
        try:
            call()
        except module.ApiError as error:
            return [error.meta.status, error.error]
    return "no error"


def main():
    """Make all calls."""
    module = importlib.import_module(sys.argv[1])
    job = json.load(sys.stdin)
    marker, url = job["marker"], job["url"] + "/es"
    writer = Elastic(module, url, job["write_key"])
    reader = Elastic(module, url, job["token"], http_compress=True)
    client = reader.client
    documents = [
        {
            "@timestamp": job["at"] + 1000 * number,
            "host": f"{marker}-web-{number % 2}",
            "message": f"disk {number} is nearly full",
            "disk": number,
        }
        for number in range(DOCUMENTS)
    ]
    actions = [
        {"_op_type": "create", "_index": "events", "_id": f"{marker}-{number}", "_source": document}
        for number, document in enumerate(documents[:-1])
    ]
    report = {"version": ".".join(map(str, module.__version__[:3]))}
    report["written"], report["errors"] = writer.helpers.bulk(writer.client, actions)
    report["indexed"] = writer.index(f"{marker}-{DOCUMENTS - 1}", documents[-1])["result"]
    own = {"prefix": {"properties.host": f"{marker}-web"}}
    end = time.monotonic() + VISIBLE_S_MAX
    while reader.count(own) < DOCUMENTS and time.monotonic() < end:
        time.sleep(0.05)
    report["count"] = reader.count(own)
    report["product"] = client.info()["version"]["number"]
    report["ping"] = bool(client.ping())
    report["health"] = client.cluster.health()["status"]
    report["exists"] = [bool(client.indices.exists(index=name)) for name in ("events", "other")]
    mapping = client.indices.get_mapping(index="events")
    report["mapped"] = mapping["events"]["mappings"]["properties"]["@timestamp"]["type"]
    caps = client.field_caps(index="events", fields="properties.disk")
    report["caps"] = list(caps["fields"]["properties.disk"])
    found = reader.search(
        {
            "query": {"bool": {"filter": [own, {"range": {"disk": {"gte": 2}}}]}},
            "sort": [{"@timestamp": "desc"}],
            "size": 2,
            "aggs": {"hosts": {"terms": {"field": "properties.host.keyword"}}},
            "_source": ["properties.disk"],
        },
        index="events",
    )
    report["total"] = found["hits"]["total"]["value"]
    report["hits"] = [[hit["_id"], hit["_source"]] for hit in found["hits"]["hits"]]
    report["buckets"] = [
        [bucket["key"], bucket["doc_count"]] for bucket in found["aggregations"]["hosts"]["buckets"]
    ]
    many = reader.msearch(
        [{"index": "events"}, {"size": 0, "query": own}, {}, {"query": {"no": {}}}]
    )
    report["many"] = [one["status"] for one in many["responses"]]
    scanned = reader.helpers.scan(client, index="events", query={"query": own}, size=3)
    report["scanned"] = sorted(hit["_id"] for hit in scanned)
    report["paged"] = reader.pages(own)
    report["got"] = client.get(index="events", id=f"{marker}-3")["_source"]["properties"]["message"]
    report["objects"] = reader.objects(f"{marker}-web-1")
    report["refused"] = {
        "delete": status_of(module, lambda: client.delete(index="events", id=f"{marker}-3")),
        "query": status_of(module, lambda: reader.search({"query": {"no": {}}}, index="events")),
        "index": status_of(module, lambda: reader.search({"size": 0}, index="other")),
        "token": status_of(module, lambda: Elastic(module, url, "wrong").client.info()),
        "key": status_of(module, lambda: Elastic(module, url, "wrong").index("x", {"a": 1})),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
