import { Button, PasswordInput, TextInput } from "@mantine/core";
import { Chip } from "@/components/Chip";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import { Problem } from "@/components/notices";
import { newPlace, type PlaceDraft, type SecretDraft } from "./draft";
import { TYPES } from "./words";
import forms from "@/components/forms.module.css";
import styles from "./AlertFields.module.css";

const PLACES_MAX = 10;

interface Props {
  places: readonly PlaceDraft[];
  /** The problem of a field. */
  at: (field: string) => string | null;
  onChange: (places: PlaceDraft[]) => void;
}

/** Where messages go. */
export function Places({ places, at, onChange }: Props) {
  const edit = (index: number, edited: Partial<PlaceDraft>) =>
    onChange(places.map((place, here) => (here === index ? { ...place, ...edited } : place)));
  const none = at("notify");
  return (
    <div className={styles["group"]} role="group" aria-label="Who is told">
      <div className={styles["title"]}>
        <span className={forms["label"]}>Who is told</span>
        <span className={forms["hint"]}>
          Addresses and secrets are stored sealed. An address is shown again without its path.
        </span>
      </div>
      {places.map((place, index) => (
        <OnePlace
          key={index}
          place={place}
          title={`${TYPES[place.type]} ${index + 1}`}
          at={(field) => at(`notify[${index}].${field}`)}
          onChange={(edited) => edit(index, edited)}
          onRemove={() => onChange(places.filter((_, here) => here !== index))}
        />
      ))}
      {none && <Problem text={none} />}
      {places.length < PLACES_MAX && (
        <div className={styles["buttons"]}>
          {(["slack", "webhook"] as const).map((type) => (
            <Button
              key={type}
              variant="default"
              leftSection={<Icon name="plus" size={15} />}
              onClick={() => onChange([...places, newPlace(type, places)])}
            >
              Add {type === "slack" ? "Slack" : "a webhook"}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}

interface OneProps {
  place: PlaceDraft;
  title: string;
  at: (field: string) => string | null;
  onChange: (edited: Partial<PlaceDraft>) => void;
  onRemove: () => void;
}

function OnePlace({ place, title, at, onChange, onRemove }: OneProps) {
  const { type, slug, url, set } = place;
  const isKept = set !== null && url === set.url;
  const text = {
    autoComplete: "off",
    autoCapitalize: "off",
    spellCheck: false,
    errorProps: { role: "alert" },
  };
  return (
    <div className={styles["place"]} role="group" aria-label={title}>
      <div className={styles["head"]}>
        <strong>{TYPES[type]}</strong>
        <IconAction icon="clear" label={`Remove: ${title}`} onClick={onRemove} />
      </div>
      <TextInput
        {...text}
        label="Slug"
        description={set === null ? "What the place is called." : "It never changes."}
        maxLength={63}
        readOnly={set !== null}
        classNames={{ input: forms["mono"] ?? "" }}
        value={slug}
        error={at("slug")}
        onChange={(event) => onChange({ slug: event.currentTarget.value })}
      />
      <TextInput
        {...text}
        label="Address"
        description={
          isKept
            ? "The address that is set stays; write another one to replace it."
            : type === "slack"
              ? "That Slack gave for the channel: an incoming webhook."
              : "Gets JSON, by POST."
        }
        inputMode="url"
        maxLength={2_000}
        withAsterisk
        value={url}
        error={at("url")}
        onChange={(event) => onChange({ url: event.currentTarget.value })}
      />
      {type === "webhook" && (
        <div className={styles["full"]}>
          <Secret
            secret={place.secret}
            isSet={set !== null && set.secret !== null}
            error={at("secret")}
            onChange={(secret) => onChange({ secret })}
          />
        </div>
      )}
    </div>
  );
}

interface SecretProps {
  secret: SecretDraft;
  isSet: boolean;
  error: string | null;
  onChange: (secret: SecretDraft) => void;
}

/** What signs the messages of a webhook: can be set, replaced and removed, and never read. */
function Secret({ secret, isSet, error, onChange }: SecretProps) {
  if (typeof secret === "object") {
    return (
      <div className={forms["secret"]}>
        <PasswordInput
          label="Secret"
          description="Signs each message, as those of webhook destinations are signed."
          autoComplete="new-password"
          autoFocus
          maxLength={1_000}
          value={secret.text}
          error={error}
          errorProps={{ role: "alert" }}
          onChange={(event) => onChange({ text: event.currentTarget.value })}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide: secret", tabIndex: 0 }}
        />
        <div className={forms["secretLine"]}>
          <Button variant="subtle" size="xs" onClick={() => onChange(isSet ? "keep" : "none")}>
            {isSet ? "Keep the one that is set" : "Sign nothing"}
          </Button>
        </div>
      </div>
    );
  }
  const isRemoved = isSet && secret === "none";
  return (
    <div className={forms["secret"]} role="group" aria-label="Secret">
      <div className={forms["secretLine"]}>
        <span className={forms["label"]}>Secret</span>
        <Chip tone={isRemoved ? "warn" : isSet ? "good" : "plain"}>
          {isRemoved ? "Will be removed" : isSet ? "Set" : "Not set"}
        </Chip>
        {isRemoved ? (
          <Button variant="subtle" size="xs" onClick={() => onChange("keep")}>
            Keep it
          </Button>
        ) : (
          <Button variant="default" size="xs" onClick={() => onChange({ text: "" })}>
            {isSet ? "Replace" : "Sign messages"}
          </Button>
        )}
        {isSet && !isRemoved && (
          <Button variant="subtle" color="gray" size="xs" onClick={() => onChange("none")}>
            Remove
          </Button>
        )}
      </div>
      {error && <Problem text={error} />}
    </div>
  );
}
