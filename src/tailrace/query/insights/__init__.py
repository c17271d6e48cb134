"""Insights: questions about people over time, such as trends, funnels and retention.

One module each. A question is a struct built on `asking.Question`, which says where, when and who;
`asking.scope_of` turns that into SQL, `periods` cuts the time into calendar intervals of a zone.
Order within a person is by time, then by the place in the raw log, so that events of one instant
keep the order in which they came.
"""
