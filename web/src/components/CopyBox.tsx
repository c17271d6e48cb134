import { CopyButton } from "./CopyButton";
import styles from "./CopyBox.module.css";

interface Props {
  text: string;
  /** What the button does, such as "Copy the new write key". */
  label: string;
}

/** Something just made that the reader will want to take along. */
export function CopyBox({ text, label }: Props) {
  return (
    <div className={styles["box"]}>
      <code>{text}</code>
      <CopyButton text={text} label={label} withText />
    </div>
  );
}
