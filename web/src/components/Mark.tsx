interface Props {
  size?: number;
}

/** The product's mark: water leaving the wheel, three streams becoming one channel. */
export function Mark({ size = 28 }: Props) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0b6871" />
      <g fill="none" strokeLinecap="round" strokeWidth="2.6">
        <path d="M6 10h9c4.2 0 3.4 5 11 5" stroke="#fff" />
        <path d="M6 16h6.5c4.2 0 3.9 5 13.5 5" stroke="#a0d8dc" />
        <path d="M6 22h3.5c2.7 0 3.3 4 8.5 4" stroke="#42aeb7" />
      </g>
    </svg>
  );
}
