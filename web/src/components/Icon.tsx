/** Our own line icons, 24 by 24, drawn with the text's colour. */
const PATHS = {
  live: "M12 12h.01 M8.5 15.5a5 5 0 0 1 0-7 M15.5 8.5a5 5 0 0 1 0 7 M5.6 18.4a9 9 0 0 1 0-12.8 M18.4 5.6a9 9 0 0 1 0 12.8",
  search: "M11 4a7 7 0 1 0 0 14a7 7 0 0 0 0-14z M16.2 16.2L21 21",
  sources: "M4 5h16v5H4z M4 14h16v5H4z M8 7.5h.01 M8 16.5h.01",
  destinations: "M3 12h12 M11 8l4 4l-4 4 M15 4h5v16h-5",
  connect: "M8 8l-4 4l4 4 M16 8l4 4l-4 4 M13.5 5l-3 14",
  pause: "M8 5v14 M16 5v14",
  play: "M7 5l12 7l-12 7z",
  clear: "M4 7h16 M9 7V4h6v3 M6 7l1 13h10l1-13",
  close: "M6 6l12 12 M18 6L6 18",
  copy: "M9 9h11v11H9z M5 15H4V4h11v1",
  plus: "M12 5v14 M5 12h14",
  lock: "M6 11h12v9H6z M8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  check: "M5 12.5l4.5 4.5L19 7.5",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8z M12 2v2 M12 20v2 M2 12h2 M20 12h2 M4.9 4.9l1.4 1.4 M17.7 17.7l1.4 1.4 M4.9 19.1l1.4-1.4 M17.7 6.3l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  system: "M3 5h18v11H3z M8 20h8 M12 16v4",
  keyboard: "M3 6h18v12H3z M7 10h.01 M11 10h.01 M15 10h.01 M17.5 10h.01 M8 14h8",
  signOut: "M10 5H5v14h5 M14 8l4 4l-4 4 M18 12H9",
  refresh: "M20 11a8 8 0 1 0-2.3 6.3 M20 5v6h-6",
  calendar: "M4 6h16v14H4z M4 10h16 M8 3v5 M16 3v5",
  chevronDown: "M6 9l6 6l6-6",
  chevronRight: "M9 6l6 6l-6 6",
  chevronLeft: "M15 6l-6 6l6 6",
  chevronUp: "M6 15l6-6l6 6",
  exclude: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z M5.7 5.7l12.6 12.6",
  warning: "M12 4L2.5 20h19z M12 10v4 M12 17h.01",
  table: "M4 5h16v14H4z M4 10h16 M4 14.5h16 M10 5v14",
  chart: "M4 20h16 M7 16v-5 M12 16V6 M17 16v-8",
  user: "M12 4a4 4 0 1 0 0 8a4 4 0 0 0 0-8z M4.5 20.5a7.5 7.5 0 0 1 15 0",
  members:
    "M9 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7z M2.5 19.5a6.5 6.5 0 0 1 13 0 M16 4.8a3.5 3.5 0 0 1 0 6.4 M18.3 14.2a6.5 6.5 0 0 1 3.2 5.3",
  key: "M8 10.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9z M11.2 11.8L20 3 M15.5 7.5l3.5 3.5",
  history: "M3.5 12a8.5 8.5 0 1 0 2.6-6.1L3.5 8.5 M3.5 4v4.5H8 M12 7.5V12l3 2",
  settings:
    "M4 7h9 M17 7h3 M15 5a2 2 0 1 0 0 4a2 2 0 0 0 0-4z M4 17h3 M11 17h9 M9 15a2 2 0 1 0 0 4a2 2 0 0 0 0-4z",
  more: "M4.5 12h1.2 M11.4 12h1.2 M18.3 12h1.2",
  docs: "M6 3.5h9l4 4v13H6z M14.5 3.5V8H19 M9 12.5h7 M9 16h7",
  shield: "M12 3l7.5 3v5.5c0 4.6-3.1 8-7.5 9.5c-4.4-1.5-7.5-4.9-7.5-9.5V6z",
  send: "M20 4L3.5 10.5l6.5 3l3 6.5z M20 4l-10 9.5",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15z M10 21h4",
  arrowUp: "M12 19V5 M6 11l6-6l6 6",
} as const;

export type IconName = keyof typeof PATHS;

interface Props {
  name: IconName;
  size?: number;
}

/** Decoration only: the control around it carries the name. */
export function Icon({ name, size = 18 }: Props) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
