CREATE OR REPLACE VIEW events AS
SELECT
    message_id, type, event, name, user_id, anonymous_id, group_id, previous_id, source,
    timestamp, original_timestamp, sent_at, received_at,
    properties, traits, context, integrations,
    ip, browser, os, device, is_bot,
    campaign_name, campaign_source, campaign_medium, campaign_term, campaign_content, library,
    actor, problem, stored_at, raw_partition, raw_offset, raw_index
FROM events_data
