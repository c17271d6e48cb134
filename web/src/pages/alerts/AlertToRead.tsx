import type { Alert } from "@/api/types";
import { capitalised } from "@/format";
import { conditionsWords, placeWords } from "./words";
import forms from "@/components/forms.module.css";

/** An alert's settings for who may not change them. */
export function AlertToRead({ alert }: { alert: Alert }) {
  const { destinations, when, repeat_every_h: hours, notify } = alert;
  return (
    <>
      <p className="muted">You may see these settings and not change them.</p>
      <dl className={forms["facts"]}>
        <dt>Destinations</dt>
        <dd>{destinations === null ? "All" : destinations.join(", ")}</dd>
        <dt>Trouble is</dt>
        <dd>{capitalised(conditionsWords(when).join(", or "))}</dd>
        <dt>Told again</dt>
        <dd>{hours === null ? "Never" : `Every ${hours === 1 ? "hour" : `${hours} hours`}`}</dd>
        <dt>Who is told</dt>
        <dd>{notify.map(placeWords).join(", ")}</dd>
      </dl>
    </>
  );
}
