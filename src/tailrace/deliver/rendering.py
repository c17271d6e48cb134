"""What would be sent now of an event that is kept."""

from collections.abc import Callable

from tailrace.control.document import DocumentDestination
from tailrace.deliver.blocks import Entry
from tailrace.deliver.letter_views import Rendered
from tailrace.deliver.outcomes import Out
from tailrace.deliver.plans import Target, plans_of
from tailrace.deliver.previewing import shown_payload
from tailrace.destinations import Destination
from tailrace.errors import SettingsError
from tailrace.mappings import MappingFailedError


def renderer(
    kind: Destination | None, destination: DocumentDestination
) -> Callable[[Out], Rendered]:
    """Return what gives the payload of an event by the destination as it is set up now."""

    def render(out: Out) -> Rendered:
        if kind is None:
            return None, f"there is no type '{destination.type}' of destinations"
        target = Target(
            slug=destination.slug,
            version=destination.version,
            type=kind,
            settings=None,
            filters=destination.filters,
            subscriptions=destination.subscriptions,
        )
        try:
            plans = plans_of(target, is_batching=False)
            plan = next((plan for plan in plans if plan.slug == out.subscription), None)
            if plan is None:
                return None, f"the subscription '{out.subscription}' was removed"
            return shown_payload(plan.build(Entry.of(out.event, out.source, out.minute))), ""
        except SettingsError as error:
            return None, str(error)
        except MappingFailedError as error:
            return None, f"mapping: {error}"

    return render
