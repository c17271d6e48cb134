"""Puts the routes together into one ASGI application."""

from typing import Final

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from tailrace.app.asking import refuse_unknown_parameters, require_access, require_permissions
from tailrace.app.border import Border
from tailrace.app.clickhouse import ClickHouseFace
from tailrace.app.elastic import ElasticFace
from tailrace.app.openapi import openapi_config
from tailrace.app.parts import Parts
from tailrace.app.problems import exception_handlers
from tailrace.app.routes import (
    aggregations,
    audit_log,
    backfills,
    books,
    checks,
    deliveries,
    delivery_alerts,
    delivery_controls,
    delivery_summaries,
    destination_types,
    destinations,
    events,
    explore,
    insights_journeys,
    insights_trends,
    insights_visits,
    invites,
    languages,
    live,
    me,
    members,
    openid,
    people,
    previews,
    query_texts,
    questions,
    running_questions,
    saved_queries,
    session,
    settings,
    sources,
    system,
    tokens,
    workspace,
    write_keys,
)
from tailrace.app.strict import StrictRequest

BODY_BYTES_MAX = 1_048_576

GUARDED: Final[list[HTTPRouteHandler]] = [
    questions.search,
    questions.histogram,
    questions.values,
    aggregations.aggregate,
    insights_journeys.funnel,
    insights_journeys.funnel_people,
    insights_journeys.paths,
    insights_journeys.paths_people,
    insights_journeys.experiment,
    insights_journeys.sample_size,
    questions.list_fields,
    query_texts.explain_query,
    query_texts.complete_query,
    questions.sql,
    questions.sql_csv,
    questions.explain_sql,
    running_questions.list_questions,
    running_questions.stop_question,
    questions.show_event_by_path,
    questions.show_event_by_parameter,
    insights_trends.ask_trends,
    insights_trends.list_trend_people,
    insights_trends.ask_stickiness,
    insights_trends.list_stickiness_people,
    insights_trends.ask_active_ratio,
    insights_trends.ask_lifecycle,
    insights_trends.list_lifecycle_people,
    insights_visits.ask_retention,
    insights_visits.list_retention_people,
    insights_visits.ask_sessions,
    insights_visits.list_sessions_people,
    insights_visits.ask_attribution,
    insights_visits.list_attribution_people,
    people.search_users,
    people.show_user,
    people.list_user_events,
    people.list_user_sessions,
    people.show_user_by_parameter,
    people.list_user_events_by_parameter,
    people.list_user_sessions_by_parameter,
    people.search_groups,
    people.show_group,
    people.list_group_events,
    people.show_group_by_parameter,
    people.list_group_events_by_parameter,
    explore.explore_events,
    explore.explore_properties,
    explore.explore_properties_by_parameter,
    events.trace_by_path,
    events.trace_by_parameter,
    events.show_set_aside,
    books.show_ledger,
    live.watch_live,
    system.show_status,
    sources.list_sources,
    sources.create_source,
    sources.show_source,
    sources.change_source,
    sources.delete_source,
    write_keys.list_write_keys,
    write_keys.add_write_key,
    write_keys.disable_write_key,
    audit_log.list_changes,
    destination_types.list_destination_types,
    destination_types.show_destination_type,
    destinations.list_destinations,
    destinations.create_destination,
    previews.preview_destination,
    languages.list_languages,
    languages.check_text,
    previews.dry_run_destination,
    checks.check_settings,
    checks.check_destination,
    destinations.show_destination,
    destinations.change_destination,
    destinations.delete_destination,
    destinations.list_destination_versions,
    destinations.restore_destination,
    delivery_alerts.list_delivery_alerts,
    delivery_alerts.create_delivery_alert,
    delivery_alerts.show_delivery_alert,
    delivery_alerts.change_delivery_alert,
    delivery_alerts.delete_delivery_alert,
    delivery_alerts.test_delivery_alert,
    delivery_summaries.list_deliveries,
    deliveries.show_delivery,
    deliveries.search_dead_letters,
    deliveries.show_one_dead_letter,
    deliveries.replay_dead_letters,
    deliveries.discard_dead_letters,
    deliveries.replay_one_dead_letter,
    deliveries.search_waiting,
    deliveries.show_one_waiting,
    deliveries.retry_waiting_now,
    deliveries.show_recent_deliveries,
    deliveries.send_test_event,
    deliveries.show_delivery_books,
    delivery_controls.skip_events,
    delivery_controls.drain_destination,
    delivery_controls.resume_destination,
    backfills.preview_backfill,
    backfills.start_backfill,
    backfills.list_backfills,
    backfills.show_backfill,
    backfills.pause_backfill,
    backfills.resume_backfill,
    backfills.cancel_backfill,
    backfills.search_backfill_dead_letters,
    backfills.show_backfill_dead_letter,
    backfills.replay_backfill_dead_letters,
    backfills.discard_backfill_dead_letters,
    saved_queries.list_saved_queries,
    saved_queries.create_saved_query,
    saved_queries.show_saved_query,
    saved_queries.change_saved_query,
    saved_queries.delete_saved_query,
    me.show_me,
    me.change_me,
    me.change_my_password,
    me.list_my_sessions,
    me.end_my_session,
    me.end_my_sessions,
    members.list_members,
    members.show_member,
    members.change_member,
    members.delete_member,
    members.sign_member_out,
    invites.create_reset_link,
    invites.list_invites,
    invites.create_invite,
    invites.revoke_invite,
    tokens.list_tokens,
    tokens.create_token,
    tokens.revoke_token,
    settings.show_settings,
    settings.change_settings,
    workspace.export_workspace,
    workspace.diff_workspace,
    workspace.apply_workspace,
]
"""Every route that needs somebody who is signed in; each says which permission it takes."""


def make_app(parts: Parts) -> Litestar:
    """Return the API; `with_border` adds what surrounds it."""

    async def give_parts() -> Parts:
        return parts

    require_permissions(GUARDED)
    guarded = Router(
        "/api/v1",
        guards=[require_access, refuse_unknown_parameters],
        request_class=StrictRequest,
        route_handlers=GUARDED,
    )
    open_to_all = Router(
        "/api/v1",
        guards=[refuse_unknown_parameters],
        route_handlers=[
            session.sign_in,
            session.show_session,
            session.sign_out,
            invites.show_invite,
            invites.accept_invite,
        ],
        security=[{}],
    )
    # A provider may add parameters of its own to the address that it sends a browser back to.
    of_provider = Router(
        "/api/v1", route_handlers=[openid.begin_openid, openid.finish_openid], security=[{}]
    )
    return Litestar(
        route_handlers=[
            guarded,
            open_to_all,
            of_provider,
            system.healthz,
            system.readyz,
            system.show_metrics,
            workspace.show_workspace_schema,
        ],
        dependencies={"parts": Provide(give_parts, use_cache=True)},
        exception_handlers=exception_handlers(),
        openapi_config=openapi_config(),
        request_max_body_size=BODY_BYTES_MAX,
        state=State({"parts": parts}),
        logging_config=None,
        # Who watches the process reads its log; nothing of a request is shown in an answer.
        debug=False,
    )


def with_border(app: Litestar, parts: Parts) -> Border:
    """Return the app inside the layer that every request and answer passes."""
    logs_all = parts.config.app.access_log
    faces = ClickHouseFace(ElasticFace(app, parts), parts)
    return Border(faces, hosts=parts.hosts, web=parts.web, logs_all=logs_all)
