CREATE OR REPLACE VIEW sessions AS
SELECT
    e.person AS person,
    e.session AS session,
    argMaxIf(e.user_id, e.timestamp, e.user_id != '') AS user_id,
    argMaxIf(e.anonymous_id, e.timestamp, e.anonymous_id != '') AS anonymous_id,
    min(e.timestamp) AS started_at,
    max(e.timestamp) AS ended_at,
    dateDiff('millisecond', min(e.timestamp), max(e.timestamp)) / 1000 AS duration_s,
    count() AS events,
    countIf(e.type IN ('page', 'screen')) AS pages,
    argMinIf(e.event, e.timestamp, e.event != '') AS first_event,
    argMaxIf(e.event, e.timestamp, e.event != '') AS last_event,
    argMinIf(e.page_path, e.timestamp, e.page_path != '') AS entry_page,
    argMaxIf(e.page_path, e.timestamp, e.page_path != '') AS exit_page,
    argMinIf(e.page_referrer, e.timestamp, e.page_referrer != '') AS referrer,
    argMinIf(e.campaign_name, e.timestamp, e.campaign_name != '') AS campaign_name,
    argMinIf(e.campaign_source, e.timestamp, e.campaign_source != '') AS campaign_source,
    argMinIf(e.campaign_medium, e.timestamp, e.campaign_medium != '') AS campaign_medium,
    argMinIf(e.browser, e.timestamp, e.browser != '') AS browser,
    argMinIf(e.os, e.timestamp, e.os != '') AS os,
    argMinIf(e.device, e.timestamp, e.device != '') AS device,
    argMin(e.source, e.timestamp) AS source
FROM
(
    SELECT
        *,
        sum(is_first) OVER (PARTITION BY person ORDER BY timestamp ROWS UNBOUNDED PRECEDING) AS session
    FROM
    (
        SELECT
            {person} AS person, timestamp, type, event, user_id, anonymous_id, source, browser, os, device,
            campaign_name, campaign_source, campaign_medium,
            ifNull(context_fields.page.path, '') AS page_path,
            ifNull(context_fields.page.referrer, '') AS page_referrer,
            dateDiff('millisecond', lagInFrame(timestamp) OVER (PARTITION BY {person} ORDER BY timestamp ROWS UNBOUNDED PRECEDING), timestamp) > 1800000 AS is_first
        FROM events_data AS e
        WHERE NOT (user_id = '' AND anonymous_id = '')
    )
) AS e
GROUP BY e.person, e.session
