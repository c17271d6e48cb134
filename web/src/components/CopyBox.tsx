import { CopyButton } from "./CopyButton";
import styles from "./CopyBox.module.css";

interface Props {
  text: string;
  /** What the button does, such as "Copy the new write key". */
  label: string;
  /** Whether it was just made, and is worth a second look. */
  isNew?: boolean;
}

/** Something that the reader will want to take along. */
export function CopyBox({ text, label, isNew = false }: Props) {
  return (
    <div className={`${styles["box"]} ${isNew ? styles["made"] : ""}`}>
      <code>{text}</code>
      <CopyButton text={text} label={label} withText />
    </div>
  );
}
