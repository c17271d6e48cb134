import { Button, Checkbox, NativeSelect, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { Destination, JsonObject, Subscription, TestResult } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Icon } from "@/components/Icon";
import { Problem } from "@/components/notices";
import { Section } from "@/components/Section";
import { Empty } from "@/components/states";
import { capitalised, formatDuration } from "@/format";
import { CheckConnection } from "./CheckConnection";
import { Side } from "./deliveries/Side";
import { nameOf, reasonWords } from "./words";
import { eventIn, SAMPLE } from "./testing";
import forms from "@/components/forms.module.css";
import sides from "./deliveries/Side.module.css";
import styles from "./TestEvent.module.css";

interface Props {
  destination: Destination;
  subscriptions: readonly Subscription[];
}

/** Sends one event for real and shows what was asked and answered. */
export function TestEvent({ destination, subscriptions }: Props) {
  const [subscription, setSubscription] = useState("");
  const [isOwn, setOwn] = useState(false);
  const [text, setText] = useState(SAMPLE);
  const [wrong, setWrong] = useState<string | null>(null);
  // The one before stays in sight while the next is on its way.
  const [result, setResult] = useState<TestResult | null>(null);
  const send = useMutation({
    mutationFn: (event: JsonObject | null) =>
      api.testDestination(destination.slug, { event, subscription }),
    onSuccess: setResult,
    onError: () => setResult(null),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const given = isOwn ? eventIn(text) : null;
    setWrong(typeof given === "string" ? given : null);
    if (typeof given !== "string") send.mutate(given);
  };
  return (
    <>
      <CheckConnection destination={destination} />
      <Section title="Send a test event">
        <form className={forms["form"]} onSubmit={submit} noValidate>
          <p className="muted">
            One event is sent to {nameOf(destination)} for real, with the settings as they are
            saved. It is not stored and counts nowhere, and is sent even while the destination is
            disabled.
          </p>
          {subscriptions.length > 1 && (
            <NativeSelect
              label="Subscription"
              description="What the destination does with the event."
              data={subscriptions.map(({ slug, name }) => ({ value: slug, label: name || slug }))}
              value={subscription || subscriptions[0]?.slug}
              onChange={(event) => setSubscription(event.currentTarget.value)}
            />
          )}
          <Checkbox
            label="Write the event myself"
            description="Otherwise it is the newest stored event that the destination would get."
            checked={isOwn}
            onChange={(event) => setOwn(event.currentTarget.checked)}
          />
          {isOwn && (
            <Textarea
              label="Event as JSON"
              rows={9}
              spellCheck={false}
              classNames={{ input: `${forms["mono"]} ${styles["event"]}` }}
              value={text}
              error={wrong}
              errorProps={{ role: "alert" }}
              onChange={(event) => {
                setText(event.currentTarget.value);
                setWrong(null);
              }}
            />
          )}
          {send.error && <Problem text={capitalised(send.error.message)} />}
          <div className={`${forms["buttons"]} ${forms["left"]}`}>
            <Button type="submit" loading={send.isPending} leftSection={<Icon name="send" />}>
              {result ? "Send another" : "Send test event"}
            </Button>
          </div>
        </form>
      </Section>
      {result && <Result result={result} />}
    </>
  );
}

const OUTCOMES: Record<TestResult["outcome"], { label: string; tone: "good" | "warn" | "bad" }> = {
  delivered: { label: "Delivered", tone: "good" },
  rejected: { label: "Rejected", tone: "bad" },
  retry: { label: "To be tried again", tone: "warn" },
  suspended: { label: "Suspended", tone: "bad" },
};

const MEANINGS: Record<TestResult["outcome"], string> = {
  delivered: "The tool has taken the event.",
  rejected: "The tool refuses this event for good. A real one would become a dead letter.",
  retry: "The tool did not take it now. A real one would wait and be tried again.",
  suspended: "Delivery would stop and all events wait, until the settings are mended.",
};

function Result({ result }: { result: TestResult }) {
  const { outcome, reason, detail, request, response } = result;
  const { label, tone } = OUTCOMES[outcome];
  const shown = useRef<HTMLElement>(null);
  useEffect(() => {
    // Some browsers return a promise, which an effect must not.
    void shown.current?.scrollIntoView({ block: "nearest" });
  }, [result]);
  return (
    <section ref={shown} className={styles["result"]} aria-label="Result of the test">
      <div className={styles["outcome"]} role="status">
        <Chip tone={tone} icon={tone === "good" ? "check" : "warning"}>
          {label}
        </Chip>
        <span>{MEANINGS[outcome]}</span>
        <span className="muted">Took {formatDuration(result.took_ms)}.</span>
      </div>
      {outcome !== "delivered" && (reason !== "" || detail !== "") && (
        <p className={styles["why"]}>
          {reason !== "" && <strong>{capitalised(reasonWords(reason))}</strong>}
          {reason !== "" && detail !== "" && ": "}
          {detail}
        </p>
      )}
      <div className={styles["sides"]}>
        {request ? (
          <Side
            title="Request"
            first={`${request.method} ${request.url}`}
            headers={request.headers}
            body={request.body}
          />
        ) : (
          <Side title="Event" first={null} headers={{}} body={JSON.stringify(result.event)} />
        )}
        {response ? (
          <Side
            title="Answer"
            first={`HTTP ${response.status}`}
            headers={response.headers}
            body={response.body}
          />
        ) : (
          <NoAnswer result={result} />
        )}
      </div>
    </section>
  );
}

/** Why there is nothing to show on the right. */
function NoAnswer({ result: { request, outcome } }: { result: TestResult }) {
  const title =
    request === null && outcome === "delivered" ? "It was not sent over HTTP" : "No answer came";
  return (
    <section className={sides["side"]} aria-label="Answer">
      <div className={sides["sideHead"]}>
        <h3>Answer</h3>
      </div>
      <Empty icon={outcome === "delivered" ? "check" : "exclude"} title={title} />
    </section>
  );
}
