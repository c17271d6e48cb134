import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import type { Delivery, Destination, Versioned } from "@/api/types";
import { EnabledChip } from "@/components/Chip";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { useMe } from "@/state/me";
import { StateChip } from "./StateChip";
import { takeIn, typeName, useTypes } from "./useDestinations";
import { nameOf, sourcesWords } from "./words";
import styles from "./DestinationPage.module.css";

interface Props {
  current: Versioned<Destination>;
  onLoad: () => void;
  delivery: Delivery | undefined;
}

/** What the destination is called and is, with its state, above all its views. */
export function Head({ current, delivery, onLoad }: Props) {
  const destination = current.value;
  const me = useMe();
  const types = useTypes();
  const [isAsking, setAsking] = useState(false);
  const isEnabled = destination.enabled;
  return (
    <div className={styles["head"]}>
      <Link className={styles["back"]} path="/destinations">
        <Icon name="chevronLeft" size={15} />
        Destinations
      </Link>
      <div className={styles["title"]}>
        <h1>
          <bdi>{nameOf(destination)}</bdi>
        </h1>
        {delivery ? (
          <StateChip state={delivery.state} />
        ) : (
          !isEnabled && <EnabledChip isEnabled={false} />
        )}
      </div>
      <p className="muted">
        <code className="mono">{destination.slug}</code> · {typeName(types.data, destination.type)}{" "}
        · {sourcesWords(destination.sources)}
      </p>
      {me.may("destinations:write") && (
        <>
          <Button
            className={styles["enable"] ?? ""}
            variant={isEnabled ? "default" : "filled"}
            onClick={() => setAsking(true)}
          >
            {isEnabled ? "Disable…" : "Enable…"}
          </Button>
          <Enabling
            current={current}
            isOpen={isAsking}
            onClose={() => setAsking(false)}
            onLoad={onLoad}
          />
        </>
      )}
    </div>
  );
}

interface EnablingProps extends Omit<Props, "delivery"> {
  isOpen: boolean;
  onClose: () => void;
}

/** Enabling and disabling, with what becomes of the events. */
function Enabling({ current, isOpen, onClose, onLoad }: EnablingProps) {
  const client = useQueryClient();
  const { slug, enabled } = current.value;
  const name = nameOf(current.value);
  // What is asked stays the same while the dialog closes over its success.
  const [wasEnabled, setWasEnabled] = useState(enabled);
  if (!isOpen && wasEnabled !== enabled) setWasEnabled(enabled);
  const run = async () => {
    await takeIn(client, await api.changeDestination(slug, { enabled: !wasEnabled }, current.etag));
  };
  const shared = { isOpen, onClose, run, thing: "this destination", onLoad };
  return wasEnabled ? (
    <Confirm {...shared} title={`Disable ${name}?`} action="Disable" isDanger>
      <p>Within two seconds, no event is sent to it any more. What is on its way is finished.</p>
      <p>Events that come meanwhile wait, and are delivered once it is enabled again.</p>
    </Confirm>
  ) : (
    <Confirm {...shared} title={`Enable ${name}?`} action="Enable">
      <p>Delivery goes on where it stopped: the events that waited are sent now.</p>
    </Confirm>
  );
}
