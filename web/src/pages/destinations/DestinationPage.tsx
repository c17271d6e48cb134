import { Button, Skeleton, Tabs } from "@mantine/core";
import { lazy, Suspense, useEffect, useRef, type ReactNode } from "react";
import type { Delivery, Destination, Subscription, Versioned } from "@/api/types";
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
import { Head } from "./DestinationHead";
import { Overview } from "./Overview";
import { SettingsView } from "./SettingsView";
import { TestEvent } from "./TestEvent";
import { useDelivery, useDestination } from "./useDestinations";
import { sumsOf } from "./words";
import styles from "./DestinationPage.module.css";

// The editor is loaded when it is opened: few of the app's readers do.
const MappingsView = lazy(async () => {
  const { MappingsView } = await import("./mapping/MappingsView");
  return { default: MappingsView };
});

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
      content: (
        <Suspense fallback={<Skeleton height={320} />}>
          <MappingsView current={current} onLoad={onLoad} />
        </Suspense>
      ),
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
  const tabs = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // On a phone the chosen one may be beyond the edge; some browsers return a promise.
    void tabs.current
      ?.querySelector('[aria-selected="true"]')
      ?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [chosen]);
  // What the address says besides belongs to one view alone.
  const go = (to: string | null) =>
    navigate(
      withParams(location.pathname, new URLSearchParams(), { view: to === FIRST ? null : to }),
    );
  return (
    <>
      <Head current={current} delivery={delivery.data} onLoad={onLoad} />
      <Tabs value={chosen} onChange={go} keepMounted={false}>
        <Tabs.List ref={tabs} className={styles["tabs"] ?? ""}>
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
