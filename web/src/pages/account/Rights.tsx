import { Icon } from "@/components/Icon";
import { roleAbout, roleLabel, useMe } from "@/state/me";
import { PERMISSION_WORDS } from "@/state/permissionWords";
import styles from "./Rights.module.css";

/** One's role, and what it allows and does not. */
export function Rights() {
  const me = useMe();
  return (
    <>
      <p>
        <strong>{roleLabel(me.role)}.</strong> <span className="muted">{roleAbout(me.role)}</span>
      </p>
      {me.sources && (
        <div className={styles["sources"]}>
          <span className="muted">Your sources:</span>
          {me.sources.length === 0 && <span>none yet</span>}
          {me.sources.map((slug) => (
            <code key={slug}>{slug}</code>
          ))}
        </div>
      )}
      <ul className={styles["list"]}>
        {PERMISSION_WORDS.map(({ permission, words }) => {
          const isAllowed = me.may(permission);
          return (
            <li key={permission} className={isAllowed ? "" : styles["not"]}>
              <span className={isAllowed ? styles["yes"] : styles["no"]}>
                <Icon name={isAllowed ? "check" : "close"} size={15} />
                <span className="visually-hidden">{isAllowed ? "Allowed:" : "Not allowed:"}</span>
              </span>
              <span>
                {words} <code>{permission}</code>
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}
