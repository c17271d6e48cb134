import { Dialog } from "@/components/Dialog";
import { ROLES } from "@/state/me";
import styles from "./RolesHelp.module.css";

interface Props {
  isOpen: boolean;
  onClose: () => void;
}

/** What each role may do, in words. */
export function RolesHelp({ isOpen, onClose }: Props) {
  return (
    <Dialog title="What the roles may do" isOpen={isOpen} onClose={onClose}>
      <div className={styles["help"]}>
        <dl className={styles["roles"]}>
          {ROLES.map(({ value, label, about }) => (
            <div key={value}>
              <dt>{label}</dt>
              <dd>{about}</dd>
            </div>
          ))}
        </dl>
        <p className="muted">
          Everybody changes their own name and password, and makes API tokens that may do no more
          than they may themselves. There is always at least one owner.
        </p>
      </div>
    </Dialog>
  );
}
