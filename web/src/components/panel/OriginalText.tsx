import { CopyButton } from "../CopyButton";
import { Waiting } from "../states";
import styles from "./EventPanel.module.css";

/** The text as the sender sent it, to the byte; null while it is on its way. */
export function OriginalText({ text }: { text: string | null }) {
  if (text === null) return <Waiting label="Loading the text as sent" />;
  return (
    <>
      <div className={styles["bar"]}>
        <h3>Exactly as received</h3>
        <CopyButton text={text} label="Copy the text as received" withText />
      </div>
      <pre className={styles["original"]} tabIndex={0} aria-label="The text as received">
        {text}
      </pre>
    </>
  );
}
