import { Button, Radio, TextInput } from "@mantine/core";
import { useState } from "react";
import { api } from "@/api/calls";
import type { Delivery } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { Section } from "@/components/Section";
import { useDeliveriesChanged } from "./useDeliveries";
import { backlogEvents, isHeld } from "./paceWords";
import { skipUntil } from "./skipping";
import forms from "@/components/forms.module.css";
import styles from "./Steering.module.css";

interface Props {
  slug: string;
  delivery: Delivery;
}

/** Holding back what comes, and giving up what has come. */
export function Steering({ slug, delivery }: Props) {
  const [asking, setAsking] = useState<"drain" | "resume" | "skip" | null>(null);
  const shared = { slug, delivery, onClose: () => setAsking(null) };
  return (
    <Section title="Drain and skip">
      <div className={styles["rows"]}>
        {isHeld(delivery) ? (
          <Row
            title="Resume"
            about="Go on with what came since it was told to drain."
            action="Resume…"
            onClick={() => setAsking("resume")}
          />
        ) : (
          <Row
            title="Drain"
            about="Deliver what is stored now, then stand still: before work on the tool. What comes meanwhile waits."
            action="Drain…"
            onClick={() => setAsking("drain")}
          />
        )}
        <Row
          title="Skip"
          about="Give up what has no outcome yet, so that it goes on with what is new."
          action="Skip…"
          onClick={() => setAsking("skip")}
        />
      </div>
      <Drain {...shared} isOpen={asking === "drain"} />
      <Resume {...shared} isOpen={asking === "resume"} />
      <Skip {...shared} isOpen={asking === "skip"} />
    </Section>
  );
}

interface RowProps {
  title: string;
  about: string;
  action: string;
  onClick: () => void;
}

function Row({ title, about, action, onClick }: RowProps) {
  return (
    <div className={styles["row"]}>
      <div>
        <h3>{title}</h3>
        <p className="muted">{about}</p>
      </div>
      <Button variant="default" onClick={onClick}>
        {action}
      </Button>
    </div>
  );
}

interface AskProps extends Props {
  isOpen: boolean;
  onClose: () => void;
}

function Drain({ slug, delivery, isOpen, onClose }: AskProps) {
  const changed = useDeliveriesChanged(slug);
  const run = async () => {
    await api.drainDestination(slug);
    await changed();
  };
  return (
    <Confirm title="Drain it?" isOpen={isOpen} onClose={onClose} action="Drain" run={run}>
      <p>
        Everything that is stored by now is still delivered, what waits out of line too. Then it
        stands still until somebody resumes it.
      </p>
      <p>Events that come meanwhile are kept in the log and delivered after that.</p>
      {delivery.state === "disabled" && <p>It is disabled: it drains once it is enabled.</p>}
    </Confirm>
  );
}

function Resume({ slug, isOpen, onClose }: AskProps) {
  const changed = useDeliveriesChanged(slug);
  const run = async () => {
    await api.resumeDestination(slug);
    await changed();
  };
  return (
    <Confirm title="Resume it?" isOpen={isOpen} onClose={onClose} action="Resume" run={run}>
      <p>Within two seconds, the events that came meanwhile are sent, the oldest first.</p>
    </Confirm>
  );
}

function Skip({ slug, delivery, isOpen, onClose }: AskProps) {
  const changed = useDeliveriesChanged(slug);
  const [isAll, setAll] = useState(true);
  const [moment, setMoment] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const run = async () => {
    const found = skipUntil(moment, new Date());
    if (!isAll && found.until === null) {
      setProblem(found.problem);
      throw new Error("Nothing was skipped.");
    }
    await api.skipEvents(slug, isAll ? "now" : (found.until ?? "now"));
    await changed();
  };
  return (
    <Confirm
      title="Skip events?"
      isOpen={isOpen}
      onClose={onClose}
      action="Skip for good"
      isDanger
      isReady={isAll || moment !== ""}
      run={run}
    >
      <p>
        {backlogEvents(delivery)} without an outcome. What is skipped is never sent: the books count
        it as filtered, with the reason “skipped”. It stays stored and can be searched.
      </p>
      <Radio.Group
        label="Which events"
        value={isAll ? "all" : "some"}
        onChange={(value) => setAll(value === "all")}
      >
        <div className={forms["radios"]}>
          <Radio value="all" label="All that were received until now" />
          <Radio value="some" label="Those received before a moment" />
        </div>
      </Radio.Group>
      {!isAll && (
        <TextInput
          type="datetime-local"
          label="Received before"
          description="By this device's clock and zone."
          value={moment}
          error={problem}
          errorProps={{ role: "alert" }}
          onChange={(event) => {
            setMoment(event.currentTarget.value);
            setProblem(null);
          }}
        />
      )}
      <p>
        What is in a request at this very moment may still arrive. Dead letters stay, and can still
        be replayed.
      </p>
      {delivery.state === "disabled" && <p>It is disabled: it skips them once it is enabled.</p>}
    </Confirm>
  );
}
