import type { DestinationSummary } from "@/api/types";
import { EnabledChip } from "@/components/Chip";
import { Link } from "@/components/Link";
import { formatCompact, formatCount, formatDuration, formatRate, timeTooltip } from "@/format";
import { useNow } from "@/state/now";
import { ageOf, backlogOf, lastWords } from "./glance";
import { StateChip } from "./StateChip";
import { typeName, useTypes } from "./useDestinations";
import { nameOf, problemWords, STATES } from "./words";
import styles from "./DestinationTable.module.css";

const COLUMNS = [
  "Name",
  "Type",
  "State",
  "Rate",
  "Backlog",
  "Oldest",
  "Dead letters",
  "Last success",
];

interface Props {
  destinations: readonly DestinationSummary[];
}

/** How each destination fares, at a glance. */
export function DestinationTable({ destinations }: Props) {
  const now = useNow(3_000);
  return (
    <div role="table" aria-label="Destinations" className={styles["table"]}>
      <div role="row" className={styles["head"]}>
        {COLUMNS.map((name) => (
          <div key={name} role="columnheader">
            {name}
          </div>
        ))}
      </div>
      {destinations.map((each) => (
        <Row key={each.slug} destination={each} now={now} />
      ))}
    </div>
  );
}

interface RowProps {
  destination: DestinationSummary;
  now: Date;
}

function Row({ destination, now }: RowProps) {
  const { slug, name, enabled, delivery } = destination;
  const types = useTypes();
  return (
    <div role="row" className={styles["row"]}>
      <div role="cell" data-cell="name" className={styles["name"]}>
        <Link className={styles["link"]} path={`/destinations/${slug}`}>
          <bdi>{nameOf(destination)}</bdi>
        </Link>
        {name !== "" && <div className={styles["slug"]}>{slug}</div>}
      </div>
      <div role="cell" data-cell="type" className="muted">
        {typeName(types.data, destination.type)}
      </div>
      <div role="cell" data-cell="state">
        {delivery ? <StateChip state={delivery.state} /> : <Unknown isEnabled={enabled} />}
      </div>
      {delivery ? <Figures delivery={delivery} now={now} /> : <NoFigures />}
    </div>
  );
}

/** Where the server cannot read how it fares. */
const Unknown = ({ isEnabled }: { isEnabled: boolean }) =>
  isEnabled ? <span className="muted">not known</span> : <EnabledChip isEnabled={false} />;

const CELLS = ["rate", "backlog", "oldest", "dead", "last"] as const;

const NoFigures = () => CELLS.map((cell) => <div key={cell} role="cell" data-cell={cell} />);

interface FiguresProps {
  delivery: NonNullable<DestinationSummary["delivery"]>;
  now: Date;
}

function Figures({ delivery, now }: FiguresProps) {
  const { state, problem, events_per_s_60s: rate, oldest_at, worked_at, dead_letters } = delivery;
  const backlog = backlogOf(delivery);
  const age = ageOf(delivery, now);
  const isTroubled = state === "down" || state === "suspended";
  return (
    <>
      <div
        role="cell"
        data-cell="rate"
        className={rate > 0 ? "" : "muted"}
        title="Events delivered a second, over the last minute"
      >
        {rate > 0 && rate < 0.1 ? "< 0.1" : formatRate(rate)} /s
      </div>
      <div role="cell" data-cell="backlog" className={backlog === 0 ? "muted" : ""}>
        {backlog === null ? "some" : countWords(backlog)}
        <span className={styles["unit"]}> in the backlog</span>
      </div>
      <div
        role="cell"
        data-cell="oldest"
        className="muted"
        title={oldest_at ? timeTooltip(oldest_at) : undefined}
      >
        {age !== null && (
          <>
            <span className={styles["unit"]}>oldest </span>
            {formatDuration(age)}
          </>
        )}
      </div>
      <div role="cell" data-cell="dead" className={dead_letters > 0 ? styles["bad"] : "muted"}>
        {countWords(dead_letters)}
        <span className={styles["unit"]}> dead letters</span>
      </div>
      <div
        role="cell"
        data-cell="last"
        className="muted"
        title={worked_at ? timeTooltip(worked_at) : undefined}
      >
        <span className={styles["unit"]}>Success: </span>
        {lastWords(delivery, now)}
      </div>
      {isTroubled && (
        <div role="cell" data-cell="problem" className={styles["problem"]}>
          {problemWords(problem) || STATES[state].about}
        </div>
      )}
    </>
  );
}

const countWords = (count: number): string =>
  count < 100_000 ? formatCount(count) : formatCompact(count);
