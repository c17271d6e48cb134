import { Button } from "@mantine/core";
import { useState } from "react";
import { api } from "@/api/calls";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { formatEvents } from "@/format";
import { useLettersChanged } from "../useDestinations";
import { discardedWords, replayedWords } from "../words";
import { choiceOf, isNarrowed, matchWords, whichWords, type LetterFilters } from "./letterFilters";
import { inSteps } from "./steps";
import styles from "../DeadLetters.module.css";

interface Props {
  slug: string;
  filters: LetterFilters;
  /** How many there are; null where only the server could count them. */
  count: number | null;
  onDone: (told: string) => void;
}

/** Replaying and discarding all that the list is narrowed to. */
export function Bulk({ slug, filters, count, onDone }: Props) {
  const refresh = useLettersChanged(slug);
  const [asking, setAsking] = useState<"replay" | "discard" | null>(null);
  const [progress, setProgress] = useState(0);
  const which = whichWords(filters, count);
  const close = () => setAsking(null);
  const ask = (what: "replay" | "discard") => {
    setProgress(0);
    setAsking(what);
  };
  const replay = async () => {
    const step = async (chosen: Parameters<typeof api.replayDeadLetters>[1]) => {
      const { replayed, ...rest } = await api.replayDeadLetters(slug, chosen);
      return { taken: replayed, ...rest };
    };
    const sum = await inSteps(choiceOf(filters, new Date()), step, setProgress);
    onDone(sum === 0 ? "No dead letter matched any more." : replayedWords(sum));
    await refresh();
  };
  const discard = async () => {
    const step = async (chosen: Parameters<typeof api.discardDeadLetters>[1]) => {
      const { discarded, ...rest } = await api.discardDeadLetters(slug, chosen);
      return { taken: discarded, ...rest };
    };
    const sum = await inSteps(choiceOf(filters, new Date()), step, setProgress);
    onDone(sum === 0 ? "No dead letter matched any more." : discardedWords(sum));
    await refresh();
  };
  const label = isNarrowed(filters) ? "these" : "all";
  const shared = { onClose: close };
  const details = (
    <>
      {count === null && (
        <ul>
          {matchWords(filters).map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      )}
      {progress > 0 && <p role="status">{formatEvents(progress)} so far.</p>}
    </>
  );
  return (
    <div className={styles["bulk"]}>
      <Button leftSection={<Icon name="refresh" size={16} />} onClick={() => ask("replay")}>
        Replay {label}…
      </Button>
      <Button variant="default" onClick={() => ask("discard")}>
        Discard {label}…
      </Button>
      <Confirm
        {...shared}
        title={`Replay ${which}?`}
        isOpen={asking === "replay"}
        action="Replay"
        run={replay}
      >
        <p>
          They are sent again with the settings as they are now, beside the events that come. What
          the tool refuses once more comes back here.
        </p>
        {details}
      </Confirm>
      <Confirm
        {...shared}
        title={`Discard ${which}?`}
        isOpen={asking === "discard"}
        action="Discard"
        isDanger
        run={discard}
      >
        <p>
          This destination will never get them. They stay stored and can be searched, and the books
          count them as discarded.
        </p>
        {details}
      </Confirm>
    </div>
  );
}
