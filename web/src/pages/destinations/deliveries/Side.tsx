import { CopyButton } from "@/components/CopyButton";
import { sizeWords } from "./paceWords";
import styles from "./Side.module.css";

interface Props {
  title: string;
  /** The first line; null where it was not sent over HTTP. */
  first: string | null;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** How long the whole body is, where it may be longer than what is shown. */
  bodyBytes?: number;
}

/** A request or an answer as it was: first line, headers, body. */
export function Side({ title, first, headers, body, bodyBytes = 0 }: Props) {
  const what = `the ${title.toLowerCase()}`;
  return (
    <section className={styles["side"]} aria-label={title}>
      <div className={styles["sideHead"]}>
        <h3>{title}</h3>
        {body !== "" && <CopyButton text={body} label={`Copy the body of ${what}`} withText />}
      </div>
      {first !== null && <code className={styles["first"]}>{first}</code>}
      {Object.keys(headers).length > 0 && (
        <dl className={styles["headers"]}>
          {Object.entries(headers).map(([name, value]) => (
            <div key={name}>
              <dt>{name}: </dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {body === "" ? (
        bodyBytes === 0 && <p className="muted">No body.</p>
      ) : (
        <pre className={styles["body"]} tabIndex={0} role="region" aria-label={`Body of ${what}`}>
          {prettyOf(body)}
        </pre>
      )}
      {bodyBytes > new TextEncoder().encode(body).length && (
        <p className={styles["cut"]}>
          {body === ""
            ? `It had a body of ${sizeWords(bodyBytes)}, which is not kept as text.`
            : `This is the beginning; the whole body has ${sizeWords(bodyBytes)}.`}
        </p>
      )}
    </section>
  );
}

/** JSON with line breaks; any other text as it is. */
function prettyOf(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
