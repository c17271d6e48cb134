import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import type { Alert } from "@/api/types";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { ListPage, More, Skeletons } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { Empty, Failure } from "@/components/states";
import { useMe } from "@/state/me";
import { useShortcuts } from "@/state/shortcuts";
import { navigate } from "@/state/url";
import { StandingChip } from "./Standing";
import { useAlertPages } from "./useAlerts";
import { conditionsWords, firingWords, nameOf, placeWords, watchedWords } from "./words";
import styles from "./AlertList.module.css";

const add = () => navigate("/alerts?add=new");

/** Who is told of trouble with deliveries, and how that stands. */
export function AlertList() {
  const me = useMe();
  const found = useAlertPages();
  const retry = () => void found.refetch();
  const all = found.data?.pages.flatMap((page) => page.items) ?? [];
  const mayAdd = me.may("destinations:write");
  const button = mayAdd && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={add}>
      Add alert
    </Button>
  );
  return (
    <ListPage
      title="Alerts"
      action={all.length > 0 && button}
      notice={found.isError && found.data && <Stale error={found.error} onRetry={retry} />}
    >
      {found.isPending && <Skeletons label="Loading the alerts" />}
      {found.isError && !found.data && <Failure error={found.error} onRetry={retry} />}
      {found.data && all.length === 0 && <First button={button} />}
      {all.length > 0 && (
        <ul className={styles["list"]} aria-label="Alerts">
          {all.map((alert) => (
            <Line key={alert.slug} alert={alert} />
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <More
          label="Show more alerts"
          shown={all.length}
          isLoading={found.isFetchingNextPage}
          onMore={() => void found.fetchNextPage()}
        />
      )}
      {mayAdd && <AddShortcut />}
    </ListPage>
  );
}

function AddShortcut() {
  useShortcuts([{ keys: ["n"], label: "Add an alert", group: "Alerts", run: add }]);
  return null;
}

function First({ button }: { button: ReactNode }) {
  return (
    <Empty icon="bell" title="No alerts yet" actions={button}>
      An alert tells people, in Slack or by webhook, when a destination is down or suspended, falls
      behind or gives up events, and when it is well again.
      {!button && " Somebody who may change destinations can add one."}
    </Empty>
  );
}

function Line({ alert }: { alert: Alert }) {
  const { slug, name, standing } = alert;
  const [first] = standing.firing;
  return (
    <li className={styles["line"]}>
      <div className={styles["name"]}>
        <Link className={styles["link"]} path={`/alerts/${slug}`}>
          <bdi>{nameOf(alert)}</bdi>
        </Link>
        {name !== "" && <span className={styles["slug"]}>{slug}</span>}
      </div>
      <div className={styles["state"]}>
        <StandingChip standing={standing} />
      </div>
      <div className={styles["about"]}>
        <span>
          {watchedWords(alert.destinations)}: {conditionsWords(alert.when).join(", ")}
        </span>
        <span className="muted">Tells {alert.notify.map(placeWords).join(", ")}</span>
      </div>
      {first && (
        <p className={styles["problem"]}>
          {standing.firing_count === 1
            ? `${first.destination} ${first.reason}`
            : `${firingWords(standing.firing_count)}: ${first.destination} ${first.reason}, …`}
        </p>
      )}
      {standing.problem !== "" && (
        <p className={styles["problem"]}>Not everybody was told: {standing.problem}</p>
      )}
    </li>
  );
}
