import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { alerts } from "@/api/alerts";
import type { Alert } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Icon } from "@/components/Icon";
import { Problem } from "@/components/notices";
import { capitalised } from "@/format";
import { placeWords } from "./words";
import forms from "@/components/forms.module.css";
import styles from "./TestAlert.module.css";

/** Sends a test message to each place, and says how it was taken. */
export function TestAlert({ alert }: { alert: Alert }) {
  const send = useMutation({ mutationFn: () => alerts.test(alert.slug) });
  return (
    <>
      <p className="muted">
        A test message goes to everybody who would be told, with the settings as they are saved.
      </p>
      {send.error && <Problem text={capitalised(send.error.message)} />}
      <div role="status">
        {send.data && (
          <ul className={styles["list"]} aria-label="How the test was taken">
            {send.data.map(({ notify, is_good, detail }) => (
              <li key={notify}>
                <Chip tone={is_good ? "good" : "bad"} icon={is_good ? "check" : "warning"}>
                  {is_good ? "Taken" : "Not taken"}
                </Chip>
                <span className={styles["place"]}>
                  <code className="mono">{notify}</code> {placeOf(alert, notify)}
                </span>
                {detail !== "" && <span className={styles["detail"]}>{capitalised(detail)}</span>}
              </li>
            ))}
          </ul>
        )}
      </div>
      <div className={`${forms["buttons"]} ${forms["left"]}`}>
        <Button
          variant="default"
          leftSection={<Icon name="send" />}
          loading={send.isPending}
          onClick={() => send.mutate()}
        >
          Send test message
        </Button>
      </div>
    </>
  );
}

function placeOf({ notify }: Alert, slug: string): string {
  const place = notify.find((each) => each.slug === slug);
  return place === undefined ? "" : placeWords(place);
}
