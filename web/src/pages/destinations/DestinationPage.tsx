import { Button, Tabs } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { api } from "@/api/calls";
import type { Delivery, Destination, Subscription, Versioned } from "@/api/types";
import { EnabledChip } from "@/components/Chip";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { Stale } from "@/components/notices";
import { isNotFound } from "@/components/problems";
import { SectionsPage } from "@/components/Section";
import { Empty, Failure, Waiting } from "@/components/states";
import { WithPanel } from "@/components/WithPanel";
import { formatCompact } from "@/format";
import { useMe } from "@/state/me";
import { navigate, useParams, withParams, type ParamChanges } from "@/state/url";
import { BackfillView } from "./backfill/BackfillView";
import { DeadLetterPanel } from "./DeadLetterPanel";
import { DeadLetters } from "./DeadLetters";
import { Deliveries } from "./deliveries/Deliveries";
import { WaitingPanel } from "./deliveries/WaitingPanel";
import { MappingsView } from "./mapping/MappingsView";
import { Overview } from "./Overview";
import { SettingsView } from "./SettingsView";
import { StateChip } from "./StateChip";
import { TestEvent } from "./TestEvent";
import { takeIn, typeName, useDelivery, useDestination, useTypes } from "./useDestinations";
import { nameOf, sourcesWords, sumsOf } from "./words";
import styles from "./DestinationPage.module.css";

const FIRST = "overview";

/** One destination: how it fares, what it gave up, a test, its settings. */
export function DestinationPage({ slug }: { slug: string }) {
  const found = useDestination(slug);
  const [params, change] = useParams();
  if (found.isPending) return <Waiting label="Loading the destination" />;
  if (isNotFound(found.error)) return <NotThere slug={slug} />;
  if (!found.data) {
    return <Failure error={found.error} onRetry={() => void found.refetch()} isWholePage />;
  }
  const reload = () => void found.refetch();
  return (
    <WithPanel panel={panelOf(slug, params, change)}>
      <SectionsPage notice={found.isError && <Stale error={found.error} onRetry={reload} />} isWide>
        <Found current={found.data} onLoad={reload} />
      </SectionsPage>
    </WithPanel>
  );
}

/** The event of a list that is open beside it. */
function panelOf(slug: string, params: URLSearchParams, change: (to: ParamChanges) => void) {
  const view = params.get("view");
  const letter = idIn(params, "letter");
  if (view === "dead-letters" && letter !== null) {
    const close = () => change({ letter: null });
    return <DeadLetterPanel key={letter} slug={slug} id={letter} onClose={close} />;
  }
  const waiting = idIn(params, "waiting");
  if (view === "deliveries" && waiting !== null) {
    const close = () => change({ waiting: null });
    return <WaitingPanel key={waiting} slug={slug} id={waiting} onClose={close} />;
  }
  return null;
}

function idIn(params: URLSearchParams, name: string): number | null {
  const id = Number(params.get(name) ?? "");
  return Number.isSafeInteger(id) && id > 0 ? id : null;
}

function NotThere({ slug }: { slug: string }) {
  return (
    <Empty
      icon="destinations"
      title="No such destination"
      actions={
        <Button variant="default" onClick={() => navigate("/destinations")}>
          Show all destinations
        </Button>
      }
    >
      There is no destination “{slug}”. It may have been deleted.
    </Empty>
  );
}

interface FoundProps {
  current: Versioned<Destination>;
  onLoad: () => void;
}

/** One of the page's views, with its tab. */
interface View {
  id: string;
  title: string;
  /** Whether the reader may do what it is for. */
  isOffered?: boolean;
  /** What waits for the reader's attention. */
  count?: number;
  content: ReactNode;
}

function Found({ current, onLoad }: FoundProps) {
  const { slug } = current.value;
  const me = useMe();
  const [params] = useParams();
  const delivery = useDelivery(slug);
  const views: View[] = [
    { id: FIRST, title: "Overview", content: <Overview slug={slug} delivery={delivery} /> },
    {
      id: "mappings",
      title: "Mappings",
      content: <MappingsView current={current} onLoad={onLoad} />,
    },
    {
      id: "deliveries",
      title: "Deliveries",
      content: <Deliveries slug={slug} delivery={delivery.data} />,
    },
    {
      id: "dead-letters",
      title: "Dead letters",
      count: delivery.data ? sumsOf(delivery.data.subscriptions).dead : 0,
      content: <DeadLetters slug={slug} delivery={delivery.data} />,
    },
    {
      id: "backfill",
      title: "Backfill",
      content: (
        <BackfillView
          destination={current.value}
          subscriptions={subscriptionsOf(current.value, delivery.data)}
        />
      ),
    },
    {
      id: "test",
      title: "Test",
      isOffered: me.may("destinations:write"),
      content: (
        <TestEvent
          destination={current.value}
          subscriptions={subscriptionsOf(current.value, delivery.data)}
        />
      ),
    },
    {
      id: "settings",
      title: "Settings",
      content: <SettingsView current={current} onLoad={onLoad} />,
    },
  ];
  const offered = views.filter(({ isOffered = true }) => isOffered);
  const chosen = offered.find(({ id }) => id === params.get("view"))?.id ?? FIRST;
  // What the address says besides belongs to one view alone.
  const go = (to: string | null) =>
    navigate(
      withParams(location.pathname, new URLSearchParams(), { view: to === FIRST ? null : to }),
    );
  return (
    <>
      <Head current={current} delivery={delivery.data} onLoad={onLoad} />
      <Tabs value={chosen} onChange={go} keepMounted={false}>
        <Tabs.List className={styles["tabs"] ?? ""}>
          {offered.map(({ id, title, count = 0 }) => (
            <Tabs.Tab
              key={id}
              value={id}
              rightSection={
                count > 0 && <span className={styles["count"]}>{formatCompact(count)}</span>
              }
            >
              {title}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {offered.map(({ id, content }) => (
          <Tabs.Panel key={id} className={styles["view"] ?? ""} value={id}>
            {content}
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}

/** Those that it has now; the books keep what was removed too. */
const subscriptionsOf = (
  { subscriptions: own }: Destination,
  delivery: Delivery | undefined,
): readonly Subscription[] =>
  (delivery?.subscriptions ?? []).filter(
    ({ slug }) => own === null || own.some((each) => each.slug === slug),
  );

interface HeadProps extends FoundProps {
  delivery: Delivery | undefined;
}

function Head({ current, delivery, onLoad }: HeadProps) {
  const destination = current.value;
  const me = useMe();
  const types = useTypes();
  const [isAsking, setAsking] = useState(false);
  const isEnabled = destination.enabled;
  return (
    <div className={styles["head"]}>
      <Link className={styles["back"]} path="/destinations">
        <Icon name="chevronLeft" size={15} />
        Destinations
      </Link>
      <div className={styles["title"]}>
        <h1>
          <bdi>{nameOf(destination)}</bdi>
        </h1>
        {delivery ? (
          <StateChip state={delivery.state} />
        ) : (
          !isEnabled && <EnabledChip isEnabled={false} />
        )}
      </div>
      <p className="muted">
        <code className="mono">{destination.slug}</code> · {typeName(types.data, destination.type)}{" "}
        · {sourcesWords(destination.sources)}
      </p>
      {me.may("destinations:write") && (
        <>
          <Button
            className={styles["enable"] ?? ""}
            variant={isEnabled ? "default" : "filled"}
            onClick={() => setAsking(true)}
          >
            {isEnabled ? "Disable…" : "Enable…"}
          </Button>
          <Enabling
            current={current}
            isOpen={isAsking}
            onClose={() => setAsking(false)}
            onLoad={onLoad}
          />
        </>
      )}
    </div>
  );
}

interface EnablingProps extends FoundProps {
  isOpen: boolean;
  onClose: () => void;
}

/** Enabling and disabling, with what becomes of the events. */
function Enabling({ current, isOpen, onClose, onLoad }: EnablingProps) {
  const client = useQueryClient();
  const { slug, enabled } = current.value;
  const name = nameOf(current.value);
  // What is asked stays the same while the dialog closes over its success.
  const [wasEnabled, setWasEnabled] = useState(enabled);
  if (!isOpen && wasEnabled !== enabled) setWasEnabled(enabled);
  const run = async () => {
    await takeIn(client, await api.changeDestination(slug, { enabled: !wasEnabled }, current.etag));
  };
  const shared = { isOpen, onClose, run, thing: "this destination", onLoad };
  return wasEnabled ? (
    <Confirm {...shared} title={`Disable ${name}?`} action="Disable" isDanger>
      <p>Within two seconds, no event is sent to it any more. What is on its way is finished.</p>
      <p>Events that come meanwhile wait, and are delivered once it is enabled again.</p>
    </Confirm>
  ) : (
    <Confirm {...shared} title={`Enable ${name}?`} action="Enable">
      <p>Delivery goes on where it stopped: the events that waited are sent now.</p>
    </Confirm>
  );
}
