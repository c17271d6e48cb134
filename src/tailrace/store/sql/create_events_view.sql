CREATE OR REPLACE VIEW events AS
SELECT
    message_id, type, event, name, user_id, anonymous_id, group_id, previous_id, source,
    timestamp, original_timestamp, sent_at, received_at,
    properties, traits, CAST(context, 'JSON') AS context, CAST(integrations, 'JSON') AS integrations,
    ip, browser, os, device, is_bot,
    campaign_name, campaign_source, campaign_medium, campaign_term, campaign_content, library,
    context_fields.locale AS `context.locale`,
    context_fields.page.path AS `context.page.path`,
    context_fields.page.referrer AS `context.page.referrer`,
    context_fields.page.title AS `context.page.title`,
    context_fields.page.url AS `context.page.url`,
    context_fields.timezone AS `context.timezone`,
    JSONExtract(context, 'library', 'name', 'Nullable(String)') AS `context.library.name`,
    JSONExtract(context, 'userAgent', 'Nullable(String)') AS `context.userAgent`,
    actor, problem, stored_at, raw_partition, raw_offset, raw_index
FROM events_data
