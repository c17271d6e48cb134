import { ActionIcon, Tooltip } from "@mantine/core";
import { Icon, type IconName } from "./Icon";

interface Props {
  icon: IconName;
  label: string;
  isDisabled?: boolean;
  onClick: () => void;
}

/** A button that is an icon alone; its name is shown to who rests on it. */
export function IconAction({ icon, label, isDisabled = false, onClick }: Props) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={36}
        aria-label={label}
        disabled={isDisabled}
        onClick={onClick}
      >
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  );
}
