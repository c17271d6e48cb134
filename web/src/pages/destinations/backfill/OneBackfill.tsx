import { Button } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { backfills } from "@/api/backfills";
import type { Backfill, Destination } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { Stale } from "@/components/notices";
import { isNotFound } from "@/components/problems";
import { Section } from "@/components/Section";
import { Empty, Failure, Waiting } from "@/components/states";
import { capitalised, formatMinute, timeTooltip } from "@/format";
import { actorWords } from "@/pages/sources/history";
import { useMe } from "@/state/me";
import { useParams, withParams } from "@/state/url";
import { nameOf, problemWords, sourcesWords } from "../words";
import { BackfillLetters } from "./BackfillLetters";
import { Figures, Subscriptions } from "./Figures";
import { BackfillChip, Progress } from "./Progress";
import { useBackfill, useTakenIn } from "./useBackfills";
import { isOver, movesOf, paceWords, progressWords, timesWords, type Move } from "./words";
import forms from "@/components/forms.module.css";
import styles from "./OneBackfill.module.css";

interface Props {
  destination: Destination;
  id: number;
}

/** One backfill: how far it is, what became of its events, and what can be done with it. */
export function OneBackfill({ destination, id }: Props) {
  const { slug } = destination;
  const [params] = useParams();
  const found = useBackfill(slug, id);
  const retry = () => void found.refetch();
  const backfill = found.data;
  return (
    <>
      <Link
        className={styles["back"]}
        path={withParams(location.pathname, params, { backfill: null })}
      >
        <Icon name="chevronLeft" size={15} />
        All backfills
      </Link>
      {found.isPending && <Waiting label="Loading the backfill" />}
      {isNotFound(found.error) && (
        <Empty icon="history" title="No such backfill">
          There is no backfill {id} of this destination. Those that ended are kept for 90 days.
        </Empty>
      )}
      {found.isError && !backfill && !isNotFound(found.error) && (
        <Failure error={found.error} onRetry={retry} />
      )}
      {found.isError && backfill && <Stale error={found.error} onRetry={retry} />}
      {backfill && (
        <>
          <Section title={`Backfill ${id}`}>
            <About destination={destination} backfill={backfill} />
          </Section>
          <BackfillLetters slug={slug} backfill={backfill} />
        </>
      )}
    </>
  );
}

interface AboutProps {
  destination: Destination;
  backfill: Backfill;
}

function About({ destination, backfill }: AboutProps) {
  const me = useMe();
  const { query, problem, state, subscriptions } = backfill;
  return (
    <>
      <div className={styles["line"]}>
        <BackfillChip backfill={backfill} />
        <strong>{progressWords(backfill)}</strong>
        {me.may("destinations:write") && !isOver(backfill) && (
          <Moves destination={destination} backfill={backfill} />
        )}
      </div>
      <Progress backfill={backfill} />
      {problem !== "" && (
        <p className={styles["problem"]} role="alert">
          {state === "running" && <strong>The tool takes nothing just now. </strong>}
          {problemWords(problem)}
        </p>
      )}
      <Figures backfill={backfill} />
      {subscriptions.length > 1 && <Subscriptions backfill={backfill} />}
      <dl className={forms["facts"]}>
        <Fact label="Time">{timesWords(backfill)}</Fact>
        {query !== "" && (
          <Fact label="Query">
            <code className="mono">{query}</code>
          </Fact>
        )}
        <Fact label="Sources">{capitalised(sourcesWords(backfill.sources))}</Fact>
        <Fact label="Pace">{capitalised(paceWords(backfill.events_per_s_max))}</Fact>
        <Fact label="Started">
          <When at={backfill.created_at} /> · {actorWords(backfill.created_by)}
        </Fact>
        {backfill.ended_at !== null && (
          <Fact label="Ended">
            <When at={backfill.ended_at} />
          </Fact>
        )}
      </dl>
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}

const When = ({ at }: { at: string }) => (
  <time dateTime={at} title={timeTooltip(at)}>
    {formatMinute(at)}
  </time>
);

const LABELS: Record<Move, string> = { pause: "Pause", resume: "Resume", cancel: "Cancel…" };

/** Pausing and resuming at once; ending it when it was confirmed. */
function Moves({ destination, backfill }: AboutProps) {
  const takeIn = useTakenIn(destination.slug);
  const [isAsking, setAsking] = useState(false);
  const [moving, setMoving] = useState<Move | null>(null);
  const [problem, setProblem] = useState("");
  const run = async (move: Move) =>
    takeIn(await backfills.move(destination.slug, backfill.id, move));
  const press = async (move: Move) => {
    if (move === "cancel") return setAsking(true);
    setMoving(move);
    setProblem("");
    try {
      await run(move);
    } catch (error) {
      setProblem(error instanceof Error ? capitalised(error.message) : String(error));
    }
    setMoving(null);
  };
  return (
    <div className={styles["moves"]}>
      {problem && (
        <span className={styles["problem"]} role="alert">
          {problem}
        </span>
      )}
      {movesOf(backfill).map((move) => (
        <Button
          key={move}
          variant="default"
          loading={moving === move}
          {...(move === "cancel"
            ? {}
            : { leftSection: <Icon name={move === "pause" ? "pause" : "play"} size={16} /> })}
          onClick={() => void press(move)}
        >
          {LABELS[move]}
        </Button>
      ))}
      <Confirm
        title="Cancel this backfill?"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        action="Cancel the backfill"
        isDanger
        run={() => run("cancel")}
      >
        <p>
          {nameOf(destination)} gets no more of these events. What was sent stays sent, and the
          backfill cannot be resumed.
        </p>
      </Confirm>
    </div>
  );
}
