import { createTheme, Tooltip, type MantineColorsTuple } from "@mantine/core";

/** Petrol: the product's colour. Shade 7 on white and 4 on the dark surface pass WCAG AA. */
const petrol: MantineColorsTuple = [
  "#e7f6f7",
  "#cfebed",
  "#a0d8dc",
  "#6cc3ca",
  "#42aeb7",
  "#219aa4",
  "#0f7f8a",
  "#0b6871",
  "#0a545b",
  "#073f45",
];

/** Greys of the dark scheme, tinted towards petrol; 7 is the page, 6 a surface, 4 a border. */
const dark: MantineColorsTuple = [
  "#d9e1e3",
  "#bcc7ca",
  "#98a5a9",
  "#6c7a7f",
  "#36434a",
  "#232d32",
  "#181f23",
  "#111619",
  "#0c1012",
  "#080a0b",
];

export const theme = createTheme({
  primaryColor: "petrol",
  primaryShade: { light: 7, dark: 6 },
  colors: { petrol, dark },
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
  components: {
    // What the pointer is told, the keyboard is told too.
    Tooltip: Tooltip.extend({
      defaultProps: { events: { hover: true, focus: true, touch: false } },
    }),
  },
});
