import {
  convertCssVariables,
  DEFAULT_THEME,
  defaultCssVariablesResolver,
  mergeMantineTheme,
} from "@mantine/core";
import type { Plugin } from "vite";
import { theme } from "../src/theme.ts";

const ID = "virtual:theme-variables.css";

/**
 * Writes the theme's CSS variables at build time.
 *
 * Mantine would put them into a style element at run time, which the content security policy
 * (`style-src 'self'`) refuses.
 */
export function themeVariables(): Plugin {
  return {
    name: "tailrace-theme-variables",
    resolveId: (id) => (id === ID ? `\0${ID}` : null),
    load(id) {
      if (id !== `\0${ID}`) return null;
      const merged = mergeMantineTheme(DEFAULT_THEME, theme);
      const variables = convertCssVariables(defaultCssVariablesResolver(merged));
      const schemes =
        ':root[data-mantine-color-scheme="dark"]{--mantine-color-scheme:dark}' +
        ':root[data-mantine-color-scheme="light"]{--mantine-color-scheme:light}';
      return variables + schemes;
    },
  };
}
