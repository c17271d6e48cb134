"""Queries of Elasticsearch's, each with the events of `elastic_events` that it finds."""

ORDERS = [f"order-{number:02}" for number in range(12)]
PAGES = ["page-0", "page-1", "page-2"]
NEW = {"range": {"@timestamp": {"gte": "2026-03-02T09:50:00Z"}}}
QUERIES: list[tuple[object, list[str]]] = [
    ({"match_all": {}}, sorted([*ORDERS, *PAGES, "odd-1"])),
    ({"match_none": {}}, []),
    ({"term": {"event": "Signup"}}, ["odd-1"]),
    ({"term": {"event": {"value": "Signup"}}}, ["odd-1"]),
    ({"term": {"event.keyword": "signup"}}, []),
    ({"term": {"properties.total": 20}}, [ORDERS[1]]),
    ({"term": {"properties.total": 20.0}}, [ORDERS[1]]),
    ({"term": {"properties.paid": False}}, ORDERS[1::2]),
    ({"term": {"properties.note": "fox"}}, []),
    ({"term": {"_id": "odd-1"}}, ["odd-1"]),
    ({"term": {"_index": "events"}}, sorted([*ORDERS, *PAGES, "odd-1"])),
    ({"terms": {"_id": ["odd-1", "page-0", "x"]}}, ["odd-1", "page-0"]),
    ({"terms": {"properties.plan": []}}, []),
    ({"ids": {"values": ["page-1"]}}, ["page-1"]),
    ({"exists": {"field": "properties.plan"}}, sorted([*ORDERS[0::3], *ORDERS[1::3], "odd-1"])),
    ({"exists": {"field": "nothing"}}, []),
    ({"prefix": {"event": "Page"}}, PAGES),
    ({"prefix": {"event": {"value": "*"}}}, []),
    ({"wildcard": {"event": {"value": "S?gn*"}}}, ["odd-1"]),
    ({"wildcard": {"event": {"wildcard": "*gnup"}}}, ["odd-1"]),
    ({"regexp": {"event": {"value": "Sign.p|Page.*"}}}, sorted(["odd-1", *PAGES])),
    ({"fuzzy": {"event": {"value": "Singup"}}}, ["odd-1"]),
    ({"fuzzy": {"event": {"value": "Sxxnup", "fuzziness": 1}}}, []),
    ({"match": {"properties.note": "7 nothing"}}, [ORDERS[7]]),
    ({"match": {"properties.note": {"query": "fox 7", "operator": "and"}}}, [ORDERS[7]]),
    ({"match": {"properties.note": {"query": "foz", "fuzziness": "AUTO"}}}, ORDERS),
    ({"match": {"properties.note": {"query": "a fox 7", "minimum_should_match": 2}}}, [ORDERS[7]]),
    ({"match": {"event": "Page Viewed"}}, PAGES),
    ({"match": {"event": "Page"}}, []),
    ({"match_phrase": {"properties.note": "quick brown fox"}}, ORDERS),
    ({"match_phrase": {"properties.note": "brown quick"}}, []),
    ({"match_phrase": {"properties.note": {"query": "brown quick", "slop": 2}}}, ORDERS),
    ({"multi_match": {"query": "Signup", "fields": ["event^3", "name"]}}, ["odd-1"]),
    ({"multi_match": {"query": "viewed", "fields": ["*"]}}, PAGES),
    ({"multi_match": {"query": "number 3", "fields": ["note"], "type": "phrase"}}, [ORDERS[3]]),
    ({"range": {"properties.total": {"gt": 110}}}, [ORDERS[11]]),
    ({"range": {"properties.total": {"gte": 20, "lt": 40}}}, ORDERS[1:3]),
    ({"range": {"properties.total": {"from": 20, "to": 40, "include_upper": False}}}, ORDERS[1:3]),
    (NEW, [ORDERS[10], ORDERS[11]]),
    ({"range": {"timestamp": {"lt": "2026-03-02T09:01"}}}, [ORDERS[0]]),
    ({"range": {"timestamp": {"lte": "2026-03-02T09:01"}}}, [ORDERS[0], "page-0"]),
    ({"range": {"timestamp": {"gte": 1772445300, "format": "epoch_second"}}}, [ORDERS[11]]),
    ({"range": {"timestamp": {"gte": "1772445300000", "format": "epoch_millis"}}}, [ORDERS[11]]),
    ({"range": {"timestamp": {"gte": "2026-03-02T10:55", "time_zone": "+01:00"}}}, [ORDERS[11]]),
    ({"range": {"timestamp": {"gte": "now-1h"}}}, []),
    ({"range": {"timestamp": {"gte": "2026-03-02||/d", "lt": "2026-03-02||+1m"}}}, []),
    ({"query_string": {"query": "fox AND 7"}}, [ORDERS[7]]),
    ({"query_string": {"query": "fox 7", "default_operator": "AND"}}, [ORDERS[7]]),
    ({"query_string": {"query": "fox 7 OR 8", "default_operator": "and"}}, ORDERS),
    ({"query_string": {"query": "Signup", "fields": ["event"]}}, ["odd-1"]),
    ({"query_string": {"query": "Signup", "default_field": "name"}}, []),
    ({"query_string": {"query": "  "}}, []),
    (
        {"query_string": {"query": "@timestamp:[2026-03-02T10:50 TO *]", "time_zone": "+01:00"}},
        [ORDERS[10], ORDERS[11]],
    ),
    ({"simple_query_string": {"query": "fox + 7"}}, [ORDERS[7]]),
    ({"simple_query_string": {"query": '"quick brown" +(7 | 8) + -8 )'}}, [ORDERS[7]]),
    ({"simple_query_string": {"query": "fox 7", "default_operator": "and"}}, [ORDERS[7]]),
    ({"simple_query_string": {"query": "Sign* | nothing~1", "fields": ["event"]}}, ["odd-1"]),
    ({"simple_query_string": {"query": '+ | - ( ) "'}}, []),
    ({"constant_score": {"filter": {"term": {"event": "Signup"}}, "boost": 2}}, ["odd-1"]),
    ({"dis_max": {"queries": [{"term": {"event": "Signup"}}, NEW]}}, ["odd-1", *ORDERS[10:]]),
    (
        {
            "nested": {
                "path": "properties.items",
                "query": {
                    "bool": {
                        "must": [
                            {"term": {"properties.items.sku": "a"}},
                            {"range": {"properties.items.n": {"gte": 511}}},
                        ]
                    }
                },
            }
        },
        [ORDERS[11]],
    ),
    ({"bool": {}}, sorted([*ORDERS, *PAGES, "odd-1"])),
    ({"bool": {"must_not": {"term": {"event": "Order Completed"}}}}, sorted(["odd-1", *PAGES])),
    ({"bool": {"must": [NEW], "should": [{"term": {"event": "Signup"}}]}}, ORDERS[10:]),
    ({"bool": {"should": [NEW, {"term": {"event": "Signup"}}]}}, ["odd-1", *ORDERS[10:]]),
    (
        {
            "bool": {
                "filter": {"term": {"plan": "pro"}},
                "should": [NEW, {"term": {"event": "Signup"}}],
                "minimum_should_match": 1,
            }
        },
        ["odd-1"],
    ),
    (
        {
            "bool": {
                "should": [NEW, {"term": {"paid": True}}, {"term": {"plan": "free"}}],
                "minimum_should_match": "67%",
            }
        },
        [ORDERS[4], ORDERS[10]],
    ),
    (
        {
            "bool": {
                "should": [NEW, {"term": {"paid": True}}, {"term": {"plan": "free"}}],
                "minimum_should_match": 2,
            }
        },
        [ORDERS[4], ORDERS[10]],
    ),
]
