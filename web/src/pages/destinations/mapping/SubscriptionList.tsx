import { Menu, Button, Switch } from "@mantine/core";
import type { DestinationTypeDetails, PreviewedSubscription } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import { previewChip } from "./previewWords";
import { editOfPreset, moved, SUBSCRIPTIONS_MAX, type SubscriptionEdit } from "./subscriptions";
import styles from "./SubscriptionList.module.css";

interface Props {
  type: DestinationTypeDetails;
  subscriptions: readonly SubscriptionEdit[];
  /** The slug of the one that is open. */
  open: string | null;
  /** What would become of the event, by the slugs. */
  previews: ReadonlyMap<string, PreviewedSubscription>;
  onOpen: (slug: string) => void;
  onChange: (subscriptions: SubscriptionEdit[]) => void;
  /** Puts those of the type back; null where they are these. */
  onReset: (() => void) | null;
}

/** What the destination does with events; one of them is open. */
export function SubscriptionList(props: Props) {
  const { type, subscriptions, open, previews, onOpen, onChange, onReset } = props;
  const edit = (index: number, edited: Partial<SubscriptionEdit>) =>
    onChange(subscriptions.map((each, at) => (at === index ? { ...each, ...edited } : each)));
  const add = (added: SubscriptionEdit) => {
    onChange([...subscriptions, added]);
    onOpen(added.slug);
  };
  return (
    <>
      {subscriptions.length === 0 ? (
        <p className="muted">None: the destination gets no events at all.</p>
      ) : (
        <ul className={styles["list"]} aria-label="Subscriptions">
          {subscriptions.map((each, index) => {
            const name = each.name || each.slug;
            return (
              <li
                key={each.slug}
                className={styles["item"]}
                data-open={each.slug === open || undefined}
              >
                <button
                  type="button"
                  className={styles["open"]}
                  aria-pressed={each.slug === open}
                  onClick={() => onOpen(each.slug)}
                >
                  <span className={styles["name"]}>
                    <bdi>{name}</bdi>
                    <Outcome isEnabled={each.isEnabled} preview={previews.get(each.slug)} />
                  </span>
                  <code className={styles["trigger"]}>{each.trigger}</code>
                </button>
                <div className={styles["acts"]}>
                  <Switch
                    aria-label={`${name}: enabled`}
                    checked={each.isEnabled}
                    onChange={(event) => edit(index, { isEnabled: event.currentTarget.checked })}
                  />
                  <Acts
                    name={name}
                    isFirst={index === 0}
                    isLast={index === subscriptions.length - 1}
                    onMove={(by) => onChange(moved(subscriptions, index, by))}
                    onRemove={() => onChange(subscriptions.filter((_, at) => at !== index))}
                  />
                </div>
              </li>
            );
          })}
        </ul>
      )}
      <div className={styles["foot"]}>
        {subscriptions.length < SUBSCRIPTIONS_MAX && (
          <Add type={type} others={subscriptions} onAdd={add} />
        )}
        {onReset && (
          <Button variant="subtle" size="xs" onClick={onReset}>
            Go back to those of the type
          </Button>
        )}
      </div>
    </>
  );
}

interface OutcomeProps {
  isEnabled: boolean;
  preview: PreviewedSubscription | undefined;
}

function Outcome({ isEnabled, preview }: OutcomeProps) {
  if (!isEnabled) return <Chip tone="warn">Disabled</Chip>;
  if (!preview) return null;
  const { tone, label } = previewChip(preview);
  return (
    <Chip tone={tone} title="What would become of the event beside">
      {label}
    </Chip>
  );
}

interface ActsProps {
  name: string;
  isFirst: boolean;
  isLast: boolean;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
}

function Acts({ name, isFirst, isLast, onMove, onRemove }: ActsProps) {
  return (
    <>
      {!(isFirst && isLast) && (
        <>
          <IconAction
            icon="chevronUp"
            label={`Move ${name} up`}
            isDisabled={isFirst}
            onClick={() => onMove(-1)}
          />
          <IconAction
            icon="chevronDown"
            label={`Move ${name} down`}
            isDisabled={isLast}
            onClick={() => onMove(1)}
          />
        </>
      )}
      <IconAction icon="clear" label={`Remove ${name}`} onClick={onRemove} />
    </>
  );
}

interface AddProps {
  type: DestinationTypeDetails;
  others: readonly SubscriptionEdit[];
  onAdd: (added: SubscriptionEdit) => void;
}

/** Adds one of what the type offers to begin with. */
function Add({ type, others, onAdd }: AddProps) {
  return (
    <Menu position="bottom-start" shadow="lg" width={340}>
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={<Icon name="plus" size={14} />}>
          Add subscription
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={styles["menu"] ?? ""}>
        {type.presets.map((preset) => (
          <Menu.Item key={preset.slug} onClick={() => onAdd(editOfPreset(preset, others))}>
            <span className={styles["preset"]}>
              <strong>{preset.name}</strong>
              <span className={styles["about"]}>{preset.description}</span>
            </span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
