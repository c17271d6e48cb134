/** The query key of the settings of the workspace. */
export const SETTINGS = ["settings"] as const;
