CREATE OR REPLACE VIEW users AS
SELECT
    {person} AS person,
    argMaxIf(e.user_id, e.timestamp, e.user_id != '') AS user_id,
    argMaxIf(e.anonymous_id, e.timestamp, e.anonymous_id != '') AS anonymous_id,
    min(e.timestamp) AS first_seen,
    max(e.timestamp) AS last_seen,
    count() AS events,
    uniqExact(toDate(e.timestamp, 'UTC')) AS days,
    CAST(ifNull(nullIf(argMaxIf(toJSONString(e.traits), e.timestamp, e.type = 'identify'), ''), '{}') AS JSON) AS traits,
    argMin(e.source, e.timestamp) AS first_source,
    ifNull(argMinIf(e.context_fields.page.path, e.timestamp, e.context_fields.page.path != ''), '') AS first_page,
    ifNull(argMinIf(e.context_fields.page.referrer, e.timestamp, e.context_fields.page.referrer != ''), '') AS first_referrer,
    argMinIf(e.campaign_name, e.timestamp, e.campaign_name != '') AS first_campaign_name,
    argMinIf(e.campaign_source, e.timestamp, e.campaign_source != '') AS first_campaign_source,
    argMinIf(e.campaign_medium, e.timestamp, e.campaign_medium != '') AS first_campaign_medium,
    argMaxIf(e.campaign_name, e.timestamp, e.campaign_name != '') AS last_campaign_name,
    argMaxIf(e.campaign_source, e.timestamp, e.campaign_source != '') AS last_campaign_source,
    argMaxIf(e.campaign_medium, e.timestamp, e.campaign_medium != '') AS last_campaign_medium,
    argMaxIf(e.browser, e.timestamp, e.browser != '') AS browser,
    argMaxIf(e.os, e.timestamp, e.os != '') AS os,
    argMaxIf(e.device, e.timestamp, e.device != '') AS device,
    argMaxIf(e.group_id, e.timestamp, e.group_id != '') AS group_id
FROM events_data AS e
WHERE NOT (e.user_id = '' AND e.anonymous_id = '')
GROUP BY person
